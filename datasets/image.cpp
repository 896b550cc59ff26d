#include "datasets/image.hpp"

namespace nibble {

std::string to_string(const ImageShape& shape) {
    return std::to_string(shape.height) + "x" + std::to_string(shape.width) + "x" +
           std::to_string(shape.channels);
}

}  // namespace nibble
