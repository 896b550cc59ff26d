// bfloat16: the upper half of a float. Storage only; arithmetic happens in float.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace nibble {

struct Bf16 {
    std::uint16_t bits;
    friend bool operator==(Bf16, Bf16) = default;
};

/// Nearest bfloat16, ties to even. Infinities stay; a NaN stays a NaN (quieted).
inline Bf16 to_bf16(float x) {
    const auto u = std::bit_cast<std::uint32_t>(x);
    if ((u & 0x7fffffffu) > 0x7f800000u) return {static_cast<std::uint16_t>((u >> 16) | 0x40u)};
    return {static_cast<std::uint16_t>((u + 0x7fffu + ((u >> 16) & 1u)) >> 16)};
}
inline float to_float(Bf16 x) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(x.bits) << 16);
}
inline std::vector<float> widened(const void* bf16, std::size_t count) {
    std::vector<float> values(count);
    for (std::size_t i = 0; i < count; ++i) values[i] = to_float(static_cast<const Bf16*>(bf16)[i]);
    return values;
}

}  // namespace nibble
