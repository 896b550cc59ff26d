// Depthwise convolutions: vectors of channels, whose sums stay in registers over all terms.
#pragma once

#include "engine/kernels/integer.hpp"
#include "engine/kernels/simd/codes.hpp"
#include "engine/kernels/table.hpp"

namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE {

/// Signed bytes become integers of 32 bits.
struct AsSigned {
    using Type = std::int8_t;
    [[gnu::always_inline]] static Ints load(const std::int8_t* from) { return load_s8(from); }
};

inline void channel_sums_of(const ChannelSums q) {
    for_channels(
        q.channels, [&](int c, auto lanes) __attribute__((always_inline)) {
            for (int p = 0; p < q.pixels; ++p) {
                const float* a = q.a + p * q.a_stride + c;
                float* out = q.out + p * q.out_stride + c;
                Vec sum = q.add ? lanes.template load<AsFloat>(out) : Vec(0.0f);
                for (int t = 0; t < q.terms; ++t)
                    sum = fma(lanes.template load<AsFloat>(a + q.a_at[t]),
                              lanes.template load<AsFloat>(q.b + q.b_at[t] + c), sum);
                if (!q.add) sum = sum + Vec(0.0f);
                lanes.template save<AsFloat>(sum, out);
            }
        });
}

inline void integer_channel_sums_of(const IntegerChannelSums q) {
    for_channels(
        q.channels, [&](int c, auto lanes) __attribute__((always_inline)) {
            const Ints start = lanes.template load<AsInts>(q.start + c);
            for (int row = 0; row < q.pixels.rows; ++row)
                for (int col = 0; col < q.pixels.cols; ++col) {
                    const std::uint8_t* x =
                        q.operand + row * q.pixels.row_stride + col * q.pixels.col_stride + c;
                    Ints sum = start;
                    for (int t = 0; t < q.taps; ++t)
                        sum = sum + lanes.template load<AsStored>(x + q.at[t]) *
                                        lanes.template load<AsSigned>(q.weights + t * q.channels + c);
                    lanes.template save<AsInts>(sum,
                                                q.out + row * q.out_row_stride + col * q.out_col_stride + c);
                }
        });
}

}  // namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE
