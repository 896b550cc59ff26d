#include <cmath>

#include "engine/kernels/reference/reference.hpp"

namespace nibble::kernels::reference {

void channel_sums(const ChannelSums& q) {
    for (int p = 0; p < q.pixels; ++p)
        for (int c = 0; c < q.channels; ++c) {
            float& out = q.out[p * q.out_stride + c];
            float sum = q.add ? out : 0.0f;
            for (int t = 0; t < q.terms; ++t)
                sum = std::fma(q.a[p * q.a_stride + q.a_at[t] + c], q.b[q.b_at[t] + c], sum);
            out = q.add ? sum : sum + 0.0f;
        }
}

void integer_channel_sums(const IntegerChannelSums& q) {
    for (int row = 0; row < q.pixels.rows; ++row)
        for (int col = 0; col < q.pixels.cols; ++col) {
            const std::uint8_t* x = q.operand + row * q.pixels.row_stride + col * q.pixels.col_stride;
            std::int32_t* out = q.out + row * q.out_row_stride + col * q.out_col_stride;
            for (int c = 0; c < q.channels; ++c) {
                std::int32_t sum = q.start[c];
                for (int t = 0; t < q.taps; ++t) sum += x[q.at[t] + c] * q.weights[t * q.channels + c];
                out[c] = sum;
            }
        }
}

}  // namespace nibble::kernels::reference
