// Gemm sums: the definitions. Operands of bf16 sums are bfloat16 values held in floats.
#include <cmath>

#include "engine/kernels/reference/reference.hpp"

namespace nibble::kernels::reference {
namespace {

/// even + odd: two FMA chains from 0 over a block of at most kBlock terms.
template <class X, class Y>
float block_sum(int terms, X x, Y y) {
    float even = 0.0f, odd = 0.0f;
    for (int k = 0; k < terms; k += 2) even = std::fma(x(k), y(k), even);
    for (int k = 1; k < terms; k += 2) odd = std::fma(x(k), y(k), odd);
    return even + odd;
}

int block_terms(int left) {
    return left < kBlock ? left : kBlock;
}

/// Calls sum(x, weights, n) for every output; weights points at the panel of channel n.
template <class Sum>
void gemm(const Gemm& q, Sum sum) {
    for (int r = 0; r < q.pixels.rows; ++r)
        for (int c = 0; c < q.pixels.cols; ++c) {
            const float* x =
                static_cast<const float*>(q.operand) + r * q.pixels.row_stride + c * q.pixels.col_stride;
            for (int n = 0; n < q.channels; ++n) {
                const float* panel = static_cast<const float*>(q.weights) + n / kPanel * q.panel_stride;
                q.out[r * q.out_row_stride + c * q.out_col_stride + n] = sum(x, panel, n % kPanel) + 0.0f;
            }
        }
}

const float* operand_at(const WeightGradient& q, int pixel) {
    return static_cast<const float*>(q.operand) + pixel / q.pixels.cols * q.pixels.row_stride +
           pixel % q.pixels.cols * q.pixels.col_stride;
}

const float* dy_at(const WeightGradient& q, int pixel) {
    return static_cast<const float*>(q.dy) + pixel / q.pixels.cols * q.dy_row_stride +
           pixel % q.pixels.cols * q.dy_col_stride;
}

}  // namespace

void gemm_f32(const Gemm& q) {
    const Area whole{0, 0, q.pixels.rows, q.pixels.cols, 0, q.runs, 0, q.run_length};
    const int count = q.areas ? q.area_count : 1;
    for (int i = 0; i < count; ++i) {
        const Area& area = q.areas ? q.areas[i] : whole;
        Gemm part = q;
        part.pixels.rows = area.rows;
        part.pixels.cols = area.cols;
        part.operand = static_cast<const float*>(q.operand) + area.row * q.pixels.row_stride +
                       area.col * q.pixels.col_stride;
        part.out = q.out + area.row * q.out_row_stride + area.col * q.out_col_stride;
        gemm(part, [&](const float* x, const float* w, int n) {
            float sum = 0.0f;
            for (int r = area.first_run; r < area.end_run; ++r)
                for (int k = area.first_k; k < area.end_k; ++k)
                    sum = std::fma(x[r * q.run_stride + k], w[(r * q.run_length + k) * kPanel + n], sum);
            return sum;
        });
    }
}

void gemm_bf16(const Gemm& q) {
    const int blocks = (q.run_length + kBlock - 1) / kBlock;
    gemm(q, [&](const float* x, const float* w, int n) {
        float sum = 0.0f;
        for (int r = 0; r < q.runs; ++r)
            for (int b = 0; b < blocks; ++b) {
                const float* xb = x + r * q.run_stride + b * kBlock;
                const float* wb = w + (r * blocks + b) * kBlock * kPanel + n;
                sum += block_sum(
                    block_terms(q.run_length - b * kBlock), [&](int k) { return xb[k]; },
                    [&](int k) { return wb[(k % 2 * (kBlock / 2) + k / 2) * kPanel]; });
            }
        return sum;
    });
}

void weight_gradient_f32(const WeightGradient& q) {
    for (int k = 0; k < q.run_length; ++k)
        for (int n = 0; n < q.channels; ++n) {
            float& sum = q.gradient[k * q.gradient_stride + n];
            for (int p = 0; p < q.pixels.rows * q.pixels.cols; ++p)
                sum = std::fma(operand_at(q, p)[k], dy_at(q, p)[n], sum);
        }
}

void weight_gradient_bf16(const WeightGradient& q) {
    const int pixels = q.pixels.rows * q.pixels.cols;
    for (int k = 0; k < q.run_length; ++k)
        for (int n = 0; n < q.channels; ++n) {
            float& sum = q.gradient[k * q.gradient_stride + n];
            for (int p = 0; p < pixels; p += kBlock)
                sum += block_sum(
                    block_terms(pixels - p), [&](int i) { return operand_at(q, p + i)[k]; },
                    [&](int i) { return dy_at(q, p + i)[n]; });
        }
}

void pack_bf16(const float* matrix, int runs, int run_length, int channels, void* packed) {
    const int blocks = (run_length + kBlock - 1) / kBlock;
    auto* out = static_cast<float*>(packed);
    for (int first = 0; first < channels; first += kPanel)
        for (int r = 0; r < runs; ++r)
            for (int k = 0; k < blocks * kBlock; ++k) {
                // even k fill the first half of a block, odd k the second
                float* to = out + (k / kBlock * kBlock + k % 2 * (kBlock / 2) + k % kBlock / 2) * kPanel;
                const float* row = matrix + (static_cast<std::ptrdiff_t>(r) * run_length + k) * channels;
                for (int n = 0; n < kPanel; ++n)
                    to[n] = k < run_length && first + n < channels ? row[first + n] : 0.0f;
                if (k == blocks * kBlock - 1) out += static_cast<std::ptrdiff_t>(blocks) * kBlock * kPanel;
            }
}

}  // namespace nibble::kernels::reference
