#include "engine/core/tensor.hpp"

namespace nibble {

std::string to_string(const Shape& shape) {
    std::string text;
    for (std::size_t d : shape) text += (text.empty() ? "" : "x") + std::to_string(d);
    return text.empty() ? "scalar" : text;
}

}  // namespace nibble
