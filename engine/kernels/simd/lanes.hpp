// Vectors of channels: how elements become floats, and what to do where the channels end inside a vector.
#pragma once

#include "engine/core/clamp.hpp"
#include "engine/kernels/simd/ops.hpp"

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
    [[gnu::always_inline]] static Vec load(const std::uint16_t* from) { return load_bf16(from); }
    [[gnu::always_inline]] static void save(Vec x, std::uint16_t* to) { store_bf16(x, to); }
    [[gnu::always_inline]] static Vec saved(Vec x) { return round_to_bf16(x); }
};
struct AsRoundedFloat {
    using Type = float;
    [[gnu::always_inline]] static Vec load(const float* from) { return Vec::load_unaligned(from); }
    [[gnu::always_inline]] static void save(Vec x, float* to) { round_to_bf16(x).store_unaligned(to); }
};

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
            load_n(from, all, count);
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
            store_n(all, to, count);
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
        if (below) v = select(v <= low, low, v);
        if (above) v = select(v >= high, high, v);
        return v;
    }
};

}  // namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE
