// IEEE half precision, as files hold it. Storage only; arithmetic happens in float.
#pragma once

#include <bit>
#include <cstdint>

namespace nibble {

struct F16 {
    std::uint16_t bits;
};

/// Exact: every half is a float. 1 sign, 5 exponent (bias 15) and 10 fraction bits become 1, 8 (127) and 23.
inline float to_float(F16 x) {
    const std::uint32_t sign = static_cast<std::uint32_t>(x.bits & 0x8000u) << 16;
    const std::uint32_t exponent = (x.bits >> 10) & 31u, fraction = x.bits & 0x3ffu;
    constexpr float kSubnormalUnit = 0x1p-24f;
    if (exponent == 0) {
        const float magnitude = static_cast<float>(fraction) * kSubnormalUnit;
        return sign != 0 ? -magnitude : magnitude;
    }
    const std::uint32_t wide = exponent == 31 ? 255u : exponent + (127 - 15);
    return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
}

}  // namespace nibble
