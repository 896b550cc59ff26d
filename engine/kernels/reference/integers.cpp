#include <cmath>

#include "engine/core/rounding.hpp"
#include "engine/kernels/reference/reference.hpp"

namespace nibble::kernels::reference {
namespace {

std::uint8_t stored_code(float x, int channel, const CodeOutput& codes) {
    float t = x * codes.multipliers[channel];
    t = t > codes.lowest ? t : codes.lowest;
    t = t < codes.highest ? t : codes.highest;
    return static_cast<std::uint8_t>(static_cast<int>(round_by(codes.rounding, t)) + codes.offset);
}

template <class T>
const T* at(const Source<T>& source, int row, int col) {
    return source.from ? source.from + row * source.row_stride + col * source.col_stride : nullptr;
}
std::uint8_t* at(const CodeOutput& codes, int row, int col) {
    return codes.to ? codes.to + row * codes.row_stride + col * codes.col_stride : nullptr;
}

}  // namespace

void integer_gemm(const IntegerGemm& q) {
    const int run_k4s = (q.run_length + kK4 - 1) / kK4;
    for (int row = 0; row < q.pixels.rows; ++row)
        for (int col = 0; col < q.pixels.cols; ++col) {
            const std::uint8_t* x = q.operand + row * q.pixels.row_stride + col * q.pixels.col_stride;
            std::int32_t* out = q.out + row * q.out_row_stride + col * q.out_col_stride;
            for (int n = 0; n < q.channels; ++n) {
                const std::int8_t* w = q.weights + n / kPanel * q.panel_stride + n % kPanel * kK4;
                std::int32_t sum = q.start[n];
                for (int r = 0; r < q.runs; ++r)
                    for (int k = 0; k < q.run_length; ++k)
                        sum += x[r * q.run_stride + k] * w[(r * run_k4s + k / kK4) * kPanel * kK4 + k % kK4];
                out[n] = sum;
            }
        }
}

void unpack(const Unpack& e) {
    constexpr int kBlockCodes = kPanel * kK4;
    const PackedPanels& w = e.weights;
    const auto* codes = static_cast<const std::uint8_t*>(w.codes) + e.panel * w.panel_bytes;
    const std::uint8_t* multipliers = w.multipliers ? w.multipliers + static_cast<std::ptrdiff_t>(e.panel) *
                                                                          (w.panel_k4s / w.group_k4s) * kPanel
                                                    : nullptr;
    const int bits = w.format == WeightFormat::s8 ? 8 : w.format == WeightFormat::s4 ? 4 : 2;
    const int together = 8 / bits;
    for (int k4 = 0; k4 < w.panel_k4s; ++k4)
        for (int i = 0; i < kBlockCodes; ++i) {
            const int field =
                codes[k4 / together * kBlockCodes + i] >> k4 % together * bits & ((1 << bits) - 1);
            int code = w.format == WeightFormat::ternary ? field - 1
                       : field < 1 << (bits - 1)         ? field
                                                         : field - (1 << bits);
            if (multipliers) code *= multipliers[k4 / w.group_k4s * kPanel + i / kK4];
            e.to[static_cast<std::ptrdiff_t>(k4) * kBlockCodes + i] = static_cast<std::int8_t>(code);
        }
}

void epilogue(const Epilogue& f) {
    for (int row = 0; row < f.rows; ++row)
        for (int col = 0; col < f.cols; ++col) {
            const std::int32_t* sums = at(f.sums, row, col);
            const float* residual = at(f.residual, row, col);
            const std::uint8_t* residual_codes = at(f.residual_codes, row, col);
            float* real = f.real ? f.real + row * f.real_row_stride + col * f.real_col_stride : nullptr;
            std::uint8_t* codes = at(f.codes, row, col);
            for (int c = 0; c < f.channels; ++c) {
                float v = std::fma(static_cast<float>(sums[c]), f.scale[c], f.shift[c]);
                for (const ExtraSums* e = f.extra; e != f.extra + f.extra_count; ++e)
                    if (e->column[c] >= 0)
                        v = std::fma(static_cast<float>(sums[e->column[c]]), e->scale[c], v);
                if (residual) v += residual[c];
                if (residual_codes)
                    v += static_cast<float>(residual_codes[c] - f.residual_offset) * f.residual_step;
                v = f.clamp(v);
                if (real) real[c] = v;
                if (codes) codes[c] = stored_code(v, c, f.codes);
            }
        }
}

void quantize(const Quantize& q) {
    for (int row = 0; row < q.rows; ++row)
        for (int col = 0; col < q.cols; ++col)
            for (int c = 0; c < q.channels; ++c)
                at(q.codes, row, col)[c] = stored_code(at(q.values, row, col)[c], c, q.codes);
}

}  // namespace nibble::kernels::reference
