// Batch norm, clamps, residual additions and their gradients with vectors along channels. Where sums are taken,
// one vector of channels is walked over all pixels, so per-channel parameters and sums stay in registers.
#pragma once

#include "engine/kernels/simd/lanes.hpp"
#include "engine/kernels/table.hpp"

namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE {

template <class S, class D>
void normalize_pixels(const Normalize q) {
    using T = typename S::Type;
    const Clamping clamp(q.clamp);
    for (int p = 0; p < q.pixels; ++p) {
        const std::ptrdiff_t pixel = static_cast<std::ptrdiff_t>(p) * q.channels;
        const auto* src = static_cast<const T*>(q.src) + pixel;
        const auto* residual = static_cast<const T*>(q.residual) + (q.residual ? pixel : 0);
        auto* dst = static_cast<typename D::Type*>(q.dst) + pixel;
        for_channels(
            q.channels, [&](int c, auto lanes) __attribute__((always_inline)) {
                Vec v = lanes.template load<S>(src + c);
                if (q.scale)
                    v = fma(lanes.template load<AsFloat>(q.scale + c), v,
                            lanes.template load<AsFloat>(q.shift + c));
                if (q.residual) v = v + lanes.template load<S>(residual + c);
                v = clamp(v);
                lanes.template save<D>(v, dst + c);
            });
    }
}

/// Pixels of less than a vector are taken kLanes at a time, and all at once where channels do not differ.
template <class S, class D>
void normalize_as(Normalize q) {
    if (!q.scale) {
        q.channels *= q.pixels;
        q.pixels = 1;
    } else if (q.channels < kLanes && q.pixels >= kLanes) {
        alignas(64) float scale[kLanes * kLanes], shift[kLanes * kLanes];
        Normalize wide = q;
        wide.channels = q.channels * kLanes;
        wide.pixels = q.pixels / kLanes;
        wide.scale = scale;
        wide.shift = shift;
        for (int i = 0; i < wide.channels; i += q.channels)
            for (int c = 0; c < q.channels; ++c) {
                scale[i + c] = q.scale[c];
                shift[i + c] = q.shift[c];
            }
        normalize_pixels<S, D>(wide);
        const std::ptrdiff_t done = static_cast<std::ptrdiff_t>(wide.pixels) * wide.channels;
        q.pixels %= kLanes;
        q.src = static_cast<const typename S::Type*>(q.src) + done;
        if (q.residual) q.residual = static_cast<const typename S::Type*>(q.residual) + done;
        q.dst = static_cast<typename D::Type*>(q.dst) + done;
    }
    normalize_pixels<S, D>(q);
}

template <class Operand>
void normalize(const Normalize& q) {
    if (q.to == Target::bf16_operand)
        q.storage == Storage::f32 ? normalize_as<AsFloat, Operand>(q) : normalize_as<AsBf16, Operand>(q);
    else if (q.storage == Storage::f32)
        normalize_as<AsFloat, AsFloat>(q);
    else
        normalize_as<AsBf16, AsBf16>(q);
}

/// Two sums per channel: add(pixel, a, b) accumulates in float over runs of 32 pixels, the runs are added as
/// doubles.
template <class L, class Add>
[[gnu::always_inline]] inline void sums(int pixels, L lanes, double* first, double* second, Add&& add) {
    constexpr int kRun = 32;
    alignas(64) double total_a[kLanes] = {}, total_b[kLanes] = {};
    alignas(64) float run_a[kLanes], run_b[kLanes];
    for (int begin = 0; begin < pixels; begin += kRun) {
        const int end = begin + kRun < pixels ? begin + kRun : pixels;
        Vec a(0.0f), b(0.0f);
        for (int p = begin; p < end; ++p) add(p, a, b);
        a.store_aligned(run_a);
        b.store_aligned(run_b);
        for (int i = 0; i < kLanes; ++i) total_a[i] += static_cast<double>(run_a[i]);
        for (int i = 0; i < kLanes; ++i) total_b[i] += static_cast<double>(run_b[i]);
    }
    for (int i = 0; i < lanes.count; ++i) {
        first[i] = total_a[i];
        second[i] = total_b[i];
    }
}

template <class S>
void moments_as(const Moments q) {
    for_channels(q.channels, [&](int c, auto lanes) {
        const auto* src = static_cast<const typename S::Type*>(q.src) + c;
        sums(q.pixels, lanes, q.sum + c, q.square + c, [&](int p, Vec& sum, Vec& square) {
            const Vec v = lanes.template load<S>(src + static_cast<std::ptrdiff_t>(p) * q.channels);
            sum = sum + v;
            square = fma(v, v, square);
        });
    });
}

template <class S>
void mask_gradient_as(const MaskGradient q) {
    using T = typename S::Type;
    const auto at = [](const void* from, std::ptrdiff_t i) { return static_cast<const T*>(from) + i; };
    for_channels(q.channels, [&](int c, auto lanes) {
        const bool masks = q.clamp.bounds(), recompute = masks && !q.activation;
        const Vec low(q.clamp.low), high(q.clamp.high);
        const Vec scale = recompute ? lanes.template load<AsFloat>(q.scale + c) : Vec(0.0f);
        const Vec shift = recompute ? lanes.template load<AsFloat>(q.shift + c) : Vec(0.0f);
        auto* gradient = static_cast<T*>(q.gradient) + c;
        const auto masked = [&](int p) __attribute__((always_inline)) {
            const std::ptrdiff_t i = static_cast<std::ptrdiff_t>(p) * q.channels + c;
            Vec g = q.incoming ? lanes.template load<AsFloat>(q.incoming + i) : Vec(0.0f);
            if (q.earlier) g = g + lanes.template load<S>(at(q.earlier, i));
            if (q.residual) g = g + lanes.template load<S>(at(q.residual, i));
            if (masks) {
                const Vec a = recompute ? fma(scale, lanes.template load<S>(at(q.y, i)), shift)
                                        : lanes.template load<S>(at(q.activation, i));
                g = select((a > low) & (a < high), g, Vec(0.0f));
            }
            lanes.template save<S>(g, gradient + (i - c));
            return S::saved(g);
        };
        if (!q.y) {
            for (int p = 0; p < q.pixels; ++p) masked(p);
            return;
        }
        sums(q.pixels, lanes, q.sum + c, q.product + c, [&](int p, Vec& sum, Vec& product) {
            const Vec g = masked(p);
            sum = sum + g;
            const std::ptrdiff_t i = static_cast<std::ptrdiff_t>(p) * q.channels + c;
            product = fma(g, lanes.template load<S>(at(q.y, i)), product);
        });
    });
}

template <class S, class D>
void normalize_backward_as(const NormalizeBackward q) {
    using T = typename S::Type;
    for_channels(
        q.channels, [&](int c, auto lanes) __attribute__((always_inline)) {
            const auto* gradient = static_cast<const T*>(q.gradient) + c;
            auto* dst = static_cast<typename D::Type*>(q.dst) + c;
            if (!q.by_g) {
                for (int p = 0; p < q.pixels; ++p) {
                    const std::ptrdiff_t i = static_cast<std::ptrdiff_t>(p) * q.channels;
                    lanes.template save<D>(lanes.template load<S>(gradient + i), dst + i);
                }
                return;
            }
            const auto* y = static_cast<const T*>(q.y) + c;
            const Vec by_g = lanes.template load<AsFloat>(q.by_g + c);
            const Vec by_y = lanes.template load<AsFloat>(q.by_y + c);
            const Vec constant = lanes.template load<AsFloat>(q.constant + c);
            for (int p = 0; p < q.pixels; ++p) {
                const std::ptrdiff_t i = static_cast<std::ptrdiff_t>(p) * q.channels;
                const Vec from_y = fma(by_y, lanes.template load<S>(y + i), constant);
                lanes.template save<D>(fma(by_g, lanes.template load<S>(gradient + i), from_y), dst + i);
            }
        });
}

template <class Operand>
void normalize_backward(const NormalizeBackward& q) {
    if (q.to == Target::f32_operand)
        normalize_backward_as<AsFloat, AsFloat>(q);
    else if (q.storage == Storage::f32)
        normalize_backward_as<AsFloat, Operand>(q);
    else
        normalize_backward_as<AsBf16, Operand>(q);
}

inline void store(Storage storage, const float* src, void* dst, std::size_t count) {
    // one pixel of `count` channels: the same loop over vectors and a short rest
    const Lanes<true> full{kLanes};
    std::size_t i = 0;
    if (storage == Storage::f32) {
        auto* to = static_cast<float*>(dst);
        for (; i + kLanes <= count; i += kLanes) full.save<AsFloat>(full.load<AsFloat>(src + i), to + i);
        for (; i < count; ++i) to[i] = src[i];
        return;
    }
    auto* to = static_cast<std::uint16_t*>(dst);
    for (; i + kLanes <= count; i += kLanes) full.save<AsBf16>(full.load<AsFloat>(src + i), to + i);
    if (i < count) {
        const Lanes<false> rest{static_cast<int>(count - i)};
        rest.save<AsBf16>(rest.load<AsFloat>(src + i), to + i);
    }
}

}  // namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE
