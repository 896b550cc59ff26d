#include "engine/nn/numerics.hpp"

#include "engine/core/error.hpp"

namespace nibble {

std::string to_string(Numerics numerics) {
    return numerics == Numerics::f32 ? "f32" : "bf16";
}

Numerics numerics_from(const std::string& text) {
    if (text == "f32") return Numerics::f32;
    if (text == "bf16") return Numerics::bf16;
    throw BadInput("numerics", "name", "f32 or bf16", "'" + text + "'");
}

}  // namespace nibble
