// Vectors of channels: how elements become floats, and what to do where the channels end inside a vector.
#pragma once

#include "engine/core/clamp.hpp"
#include "engine/kernels/simd.hpp"

namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE {

/// How elements lie in memory: as float, as bfloat16, or as bfloat16 values widened to float.
struct AsFloat {
    using Type = float;
    [[gnu::always_inline]] static Vec load(const float* from) { return Vec::load_unaligned(from); }
    [[gnu::always_inline]] static void save(Vec x, float* to) { x.store_unaligned(to); }
    /// What load() gives after save().
    [[gnu::always_inline]] static Vec saved(Vec x) { return x; }
};
struct AsBf16 {
    using Type = std::uint16_t;
    [[gnu::always_inline]] static Vec load(const std::uint16_t* from) { return widen(from); }
    [[gnu::always_inline]] static void save(Vec x, std::uint16_t* to) { narrow(x, to); }
    [[gnu::always_inline]] static Vec saved(Vec x) { return round_to_bf16(x); }
};
struct AsRoundedFloat {
    using Type = float;
    [[gnu::always_inline]] static Vec load(const float* from) { return Vec::load_unaligned(from); }
    [[gnu::always_inline]] static void save(Vec x, float* to) { round_to_bf16(x).store_unaligned(to); }
};

/// to[i] = from[i] for i in [0, count), 0 for the other kLanes elements. Written so that what follows can take
/// it from a register: `to` is aligned as one and stored whole.
template <class T>
[[gnu::always_inline]] inline void load_some(const T* from, T* to, int count) {
#if defined(__AVX512BW__)
    const auto some = static_cast<__mmask16>((1 << count) - 1);
    if constexpr (sizeof(T) == 4)
        _mm512_store_si512(to, _mm512_maskz_loadu_epi32(some, from));
    else if constexpr (sizeof(T) == 2)
        _mm256_store_si256(reinterpret_cast<__m256i*>(to), _mm256_maskz_loadu_epi16(some, from));
    else
        _mm_store_si128(reinterpret_cast<__m128i*>(to), _mm_maskz_loadu_epi8(some, from));
#else
    for (int i = 0; i < kLanes; ++i) to[i] = i < count ? from[i] : T{};
#endif
}

/// to[i] = from[i] for i in [0, count); `from` has kLanes elements, aligned as a register.
template <class T>
[[gnu::always_inline]] inline void save_some(const T* from, T* to, int count) {
#if defined(__AVX512BW__)
    const auto some = static_cast<__mmask16>((1 << count) - 1);
    if constexpr (sizeof(T) == 4)
        _mm512_mask_storeu_epi32(to, some, _mm512_load_si512(from));
    else if constexpr (sizeof(T) == 2)
        _mm256_mask_storeu_epi16(to, some, _mm256_load_si256(reinterpret_cast<const __m256i*>(from)));
    else
        _mm_mask_storeu_epi8(to, some, _mm_load_si128(reinterpret_cast<const __m128i*>(from)));
#else
    for (int i = 0; i < count; ++i) to[i] = from[i];
#endif
}

/// `count` channels at once; the last vector of an image may be shorter than a register.
template <bool Full>
struct Lanes {
    int count;

    template <class S>
    [[gnu::always_inline]] auto load(const typename S::Type* from) const {
        if constexpr (Full) {
            return S::load(from);
        } else {
            alignas(64) typename S::Type all[kLanes];
            load_some(from, all, count);
            return S::load(all);
        }
    }
    template <class S, class V>
    [[gnu::always_inline]] void save(V x, typename S::Type* to) const {
        if constexpr (Full) {
            S::save(x, to);
        } else {
            alignas(64) typename S::Type all[kLanes];
            S::save(x, all);
            save_some(all, to, count);
        }
    }
};

/// Calls f(channel, lanes) for vectors of channels from left to right.
template <class F>
[[gnu::always_inline]] inline void for_channels(int channels, F&& f) {
    int c = 0;
    for (; c + kLanes <= channels; c += kLanes) f(c, Lanes<true>{kLanes});
    if (c < channels) f(c, Lanes<false>{channels - c});
}

/// A Clamp of vectors; a bound that is not there costs a branch that is always the same.
struct Clamping {
    bool below, above;
    Vec low, high;

    explicit Clamping(const Clamp& clamp)
        : below(clamp.bounds_below()), above(clamp.bounds_above()), low(clamp.low), high(clamp.high) {}
    [[gnu::always_inline]] Vec operator()(Vec v) const {
        if (below) v = xsimd::select(v <= low, low, v);
        if (above) v = xsimd::select(v >= high, high, v);
        return v;
    }
};

}  // namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE
