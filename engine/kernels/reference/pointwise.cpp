// Batch norm, clamps, residual additions and their gradients, one image (or a part of it) at a time: the
// definitions.
#include <cmath>
#include <cstring>

#include "engine/core/bf16.hpp"
#include "engine/core/rounding.hpp"
#include "engine/kernels/reference/reference.hpp"

namespace nibble::kernels::reference {
namespace {

float load(Storage storage, const void* from, std::ptrdiff_t i) {
    return storage == Storage::f32 ? static_cast<const float*>(from)[i]
                                   : to_float(static_cast<const Bf16*>(from)[i]);
}

float as_operand(Target to, float x) {
    return to == Target::bf16_operand ? to_float(to_bf16(x)) : x;
}

void save(Storage storage, void* to, std::ptrdiff_t i, float x) {
    if (storage == Storage::f32)
        static_cast<float*>(to)[i] = x;
    else
        static_cast<Bf16*>(to)[i] = to_bf16(x);
}

/// Two sums per channel: add(i, a, b) accumulates element i; see Moments for the shape of the summation.
template <class Add>
void sums(int pixels, int channels, double* first, double* second, Add add) {
    constexpr int kRun = 32;
    for (int c = 0; c < channels; ++c) {
        double a = 0.0, b = 0.0;
        for (int p = 0; p < pixels; p += kRun) {
            float run_a = 0.0f, run_b = 0.0f;
            for (int i = p; i < pixels && i < p + kRun; ++i)
                add(static_cast<std::ptrdiff_t>(i) * channels + c, run_a, run_b);
            a += static_cast<double>(run_a);
            b += static_cast<double>(run_b);
        }
        first[c] = a;
        second[c] = b;
    }
}

}  // namespace

void normalize(const Normalize& q) {
    for (int p = 0; p < q.pixels; ++p)
        for (int c = 0; c < q.channels; ++c) {
            const std::ptrdiff_t i = static_cast<std::ptrdiff_t>(p) * q.channels + c;
            float v = load(q.storage, q.src, i);
            if (q.scale) v = std::fma(q.scale[c], v, q.shift[c]);
            if (q.residual) v += load(q.storage, q.residual, i);
            v = q.clamp(v);
            if (q.to == Target::storage)
                save(q.storage, q.dst, i, v);
            else
                static_cast<float*>(q.dst)[i] = as_operand(q.to, v);
        }
}

void moments(const Moments& q) {
    sums(q.pixels, q.channels, q.sum, q.square, [&](std::ptrdiff_t i, float& sum, float& square) {
        const float v = load(q.storage, q.src, i);
        sum += v;
        square = std::fma(v, v, square);
    });
}

void mask_gradient(const MaskGradient& q) {
    for (int p = 0; p < q.pixels; ++p)
        for (int c = 0; c < q.channels; ++c) {
            const std::ptrdiff_t i = static_cast<std::ptrdiff_t>(p) * q.channels + c;
            float g = q.incoming ? q.incoming[i] : 0.0f;
            if (q.earlier) g += load(q.storage, q.earlier, i);
            if (q.residual) g += load(q.storage, q.residual, i);
            if (q.clamp.bounds()) {
                const float a = q.activation ? load(q.storage, q.activation, i)
                                             : std::fma(q.scale[c], load(q.storage, q.y, i), q.shift[c]);
                if (!q.clamp.passes(a)) g = 0.0f;
            }
            save(q.storage, q.gradient, i, g);
        }
    if (!q.y) return;
    sums(q.pixels, q.channels, q.sum, q.product, [&](std::ptrdiff_t i, float& sum, float& product) {
        const float g = load(q.storage, q.gradient, i);
        sum += g;
        product = std::fma(g, load(q.storage, q.y, i), product);
    });
}

void normalize_backward(const NormalizeBackward& q) {
    for (int p = 0; p < q.pixels; ++p)
        for (int c = 0; c < q.channels; ++c) {
            const std::ptrdiff_t i = static_cast<std::ptrdiff_t>(p) * q.channels + c;
            float v = load(q.storage, q.gradient, i);
            if (q.by_g)
                v = std::fma(q.by_g[c], v, std::fma(q.by_y[c], load(q.storage, q.y, i), q.constant[c]));
            static_cast<float*>(q.dst)[i] = as_operand(q.to, v);
        }
}

void encode(const Encode& q) {
    for (int p = 0; p < q.pixels; ++p)
        for (int c = 0; c < q.channels; ++c) {
            const std::ptrdiff_t i = static_cast<std::ptrdiff_t>(p) * q.channels + c;
            float t = q.src[i] * q.multiplier[c];
            t = t > q.lowest ? t : q.lowest;
            t = t < q.highest ? t : q.highest;
            // by way of an integer: a code is never -0
            static_cast<float*>(q.dst)[i] = static_cast<float>(static_cast<int>(round_by(q.rounding, t)));
        }
}

void pass_gradient(const PassGradient& q) {
    for (int p = 0; p < q.pixels; ++p)
        for (int c = 0; c < q.channels; ++c) {
            const std::ptrdiff_t i = static_cast<std::ptrdiff_t>(p) * q.channels + c;
            float t = q.src[i] * q.multiplier[c];
            if (q.floored) t = std::floor(t);
            float factor = t >= q.lowest && t <= q.highest ? 1.0f : 0.0f;
            if (t == q.lowest || t == q.highest) factor = q.at_bounds;
            q.gradient[i] *= factor;
        }
}

void store(Storage storage, const float* src, void* dst, std::size_t count) {
    if (storage == Storage::f32)
        std::memcpy(dst, src, count * sizeof(float));
    else
        for (std::size_t i = 0; i < count; ++i) static_cast<Bf16*>(dst)[i] = to_bf16(src[i]);
}

}  // namespace nibble::kernels::reference
