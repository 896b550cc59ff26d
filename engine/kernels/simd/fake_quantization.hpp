// Codes as numbers of an operand, and the gradient that passes them. One vector of channels is walked over
// all pixels.
#pragma once

#include "engine/kernels/simd/codes.hpp"
#include "engine/kernels/table.hpp"

namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE {

template <class D>
void encode_as(const Encode q) {
    with_rounding(
        q.rounding, [&](auto rounding) __attribute__((always_inline)) {
            const Vec lowest(q.lowest), highest(q.highest);
            for_channels(
                q.channels, [&](int c, auto lanes) __attribute__((always_inline)) {
                    const Vec multiplier = lanes.template load<AsFloat>(q.multiplier + c);
                    auto* dst = static_cast<typename D::Type*>(q.dst) + c;
                    for (int p = 0; p < q.pixels; ++p) {
                        const std::ptrdiff_t i = static_cast<std::ptrdiff_t>(p) * q.channels;
                        const Vec t = lanes.template load<AsFloat>(q.src + c + i) * multiplier;
                        const Ints code = rounded<rounding()>(min(max(t, lowest), highest));
                        lanes.template save<D>(to_float(code), dst + i);
                    }
                });
        });
}

inline void pass_gradient_through(const PassGradient q) {
    const Vec lowest(q.lowest), highest(q.highest), at_bounds(q.at_bounds);
    for_channels(
        q.channels, [&](int c, auto lanes) __attribute__((always_inline)) {
            const Vec multiplier = lanes.template load<AsFloat>(q.multiplier + c);
            for (int p = 0; p < q.pixels; ++p) {
                const std::ptrdiff_t i = static_cast<std::ptrdiff_t>(p) * q.channels + c;
                Vec t = lanes.template load<AsFloat>(q.src + i) * multiplier;
                if (q.floored) t = floor(t);
                Vec factor = select(t >= lowest && t <= highest, Vec(1.0f), Vec(0.0f));
                factor = select(t == lowest || t == highest, at_bounds, factor);
                lanes.template save<AsFloat>(lanes.template load<AsFloat>(q.gradient + i) * factor,
                                             q.gradient + i);
            }
        });
}

}  // namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE
