// Vectors of channels: how elements become floats, and what to do where the channels end inside a vector.
#pragma once

#include "engine/kernels/simd.hpp"

namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE {

/// How elements lie in memory: as float, as bfloat16, or as bfloat16 values widened to float.
struct AsFloat {
    using Type = float;
    [[gnu::always_inline]] static Vec load(const float* from) { return Vec::load_unaligned(from); }
    [[gnu::always_inline]] static void save(Vec x, float* to) { x.store_unaligned(to); }
};
struct AsBf16 {
    using Type = std::uint16_t;
    [[gnu::always_inline]] static Vec load(const std::uint16_t* from) { return widen(from); }
    [[gnu::always_inline]] static void save(Vec x, std::uint16_t* to) { narrow(x, to); }
};
struct AsRoundedFloat {
    using Type = float;
    [[gnu::always_inline]] static Vec load(const float* from) { return Vec::load_unaligned(from); }
    [[gnu::always_inline]] static void save(Vec x, float* to) { round_to_bf16(x).store_unaligned(to); }
};

/// to[i] = from[i] for i in [0, count), count < kLanes; `to` has room for kLanes.
template <class T>
[[gnu::always_inline]] inline void copy_some(const T* from, T* to, int count) {
#if defined(__AVX512BW__)
    const __mmask64 bytes = (std::uint64_t{1} << count * static_cast<int>(sizeof(T))) - 1;
    _mm512_mask_storeu_epi8(to, bytes, _mm512_maskz_loadu_epi8(bytes, from));
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
            alignas(64) typename S::Type all[kLanes] = {};
            copy_some(from, all, count);
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
            copy_some(all, to, count);
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

[[gnu::always_inline]] inline Vec relu(Vec v) {
    return xsimd::select(v <= Vec(0.0f), Vec(0.0f), v);
}

}  // namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE
