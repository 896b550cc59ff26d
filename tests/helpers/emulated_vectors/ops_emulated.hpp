// Vector operations in plain C++, from their definitions in engine/kernels/simd/ops.hpp: with them, vector kernels
// run on any machine. A file defines NIBBLE_EMULATED_LANES and NIBBLE_SIMD_NAMESPACE and includes this header before
// the kernels, which it then has in that namespace, for registers of so many lanes of 32 bits.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>

#define NIBBLE_SIMD_OPS "tests/helpers/emulated_vectors/ops_emulated.hpp"

namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE {

/// What an instruction would saturate, leave undefined or fault at is an error here.
inline void require(bool condition, const char* what) {
    if (!condition) throw std::logic_error(std::string("emulated vectors: ") + what);
}
template <class To>
To fitting(std::int64_t x) {
    require(x >= std::numeric_limits<To>::min() && x <= std::numeric_limits<To>::max(),
            "a number that does not fit");
    return static_cast<To>(x);
}
inline void require_aligned(const void* at, std::size_t bytes) {
    require(reinterpret_cast<std::uintptr_t>(at) % bytes == 0, "an address that is not aligned");
}

/// f(i) for N lanes.
template <class B, class F>
[[gnu::always_inline]] inline B each_lane(F f) {
    B result;
    for (int i = 0; i < static_cast<int>(B::size); ++i) result.lane[i] = f(i);
    return result;
}

template <int N>
struct Mask {
    static constexpr std::size_t size = N;
    bool lane[N];

    friend Mask operator&(const Mask& a, const Mask& b) {
        return each_lane<Mask>([&](int i) { return a.lane[i] && b.lane[i]; });
    }
    friend Mask operator&&(const Mask& a, const Mask& b) { return a & b; }
    friend Mask operator||(const Mask& a, const Mask& b) {
        return each_lane<Mask>([&](int i) { return a.lane[i] || b.lane[i]; });
    }
};

template <class T, int N>
struct Batch {
    static constexpr std::size_t size = N;
    T lane[N];

    Batch() = default;
    explicit Batch(T x) {
        for (T& each : lane) each = x;
    }

    static Batch load_unaligned(const T* from) {
        Batch result;
        std::memcpy(result.lane, from, sizeof(lane));
        return result;
    }
    static Batch load_aligned(const T* from) {
        require_aligned(from, sizeof(lane));
        return load_unaligned(from);
    }
    void store_unaligned(T* to) const { std::memcpy(to, lane, sizeof(lane)); }
    void store_aligned(T* to) const {
        require_aligned(to, sizeof(lane));
        store_unaligned(to);
    }

    // Integers wrap around: they are computed without sign.
    using Wrapping = std::conditional_t<std::is_integral_v<T>, std::uint32_t, T>;
    template <class F>
    [[gnu::always_inline]] static Batch computed(const Batch& a, const Batch& b, F f) {
        return each_lane<Batch>([&](int i) {
            return static_cast<T>(f(static_cast<Wrapping>(a.lane[i]), static_cast<Wrapping>(b.lane[i])));
        });
    }
    friend Batch operator+(const Batch& a, const Batch& b) {
        return computed(a, b, [](Wrapping x, Wrapping y) { return x + y; });
    }
    friend Batch operator-(const Batch& a, const Batch& b) {
        return computed(a, b, [](Wrapping x, Wrapping y) { return x - y; });
    }
    friend Batch operator*(const Batch& a, const Batch& b) {
        return computed(a, b, [](Wrapping x, Wrapping y) { return x * y; });
    }
    friend Batch operator&(const Batch& a, const Batch& b) {
        return computed(a, b, [](Wrapping x, Wrapping y) { return x & y; });
    }
    friend Batch operator|(const Batch& a, const Batch& b) {
        return computed(a, b, [](Wrapping x, Wrapping y) { return x | y; });
    }
    friend Batch operator^(const Batch& a, const Batch& b) {
        return computed(a, b, [](Wrapping x, Wrapping y) { return x ^ y; });
    }
    friend Batch operator<<(const Batch& a, int bits) {
        return computed(a, a, [bits](Wrapping x, Wrapping) { return x << bits; });
    }
    friend Batch operator>>(const Batch& a, int bits) {
        return each_lane<Batch>([&](int i) { return static_cast<T>(a.lane[i] >> bits); });
    }

    template <class F>
    [[gnu::always_inline]] static Mask<N> compared(const Batch& a, const Batch& b, F f) {
        return each_lane<Mask<N>>([&](int i) { return f(a.lane[i], b.lane[i]); });
    }
    friend Mask<N> operator<(const Batch& a, const Batch& b) {
        return compared(a, b, [](T x, T y) { return x < y; });
    }
    friend Mask<N> operator>(const Batch& a, const Batch& b) { return b < a; }
    friend Mask<N> operator<=(const Batch& a, const Batch& b) {
        return compared(a, b, [](T x, T y) { return x <= y; });
    }
    friend Mask<N> operator>=(const Batch& a, const Batch& b) { return b <= a; }
    friend Mask<N> operator==(const Batch& a, const Batch& b) {
        return compared(a, b, [](T x, T y) { return x == y; });
    }
};

inline constexpr int kEmulatedLanes = NIBBLE_EMULATED_LANES;
using Vec = Batch<float, kEmulatedLanes>;
using Ints = Batch<std::int32_t, kEmulatedLanes>;
using UInts = Batch<std::uint32_t, kEmulatedLanes>;
using Shorts = Batch<std::int16_t, 2 * kEmulatedLanes>;
using UShorts = Batch<std::uint16_t, 2 * kEmulatedLanes>;
using Bytes = Batch<std::int8_t, 4 * kEmulatedLanes>;
using HalfInts = Batch<std::int32_t, 8>;
using HalfShorts = Batch<std::int16_t, 16>;

// As AVX2, AVX-512, and NEON, which has many short registers.
inline constexpr int kRegisters = kEmulatedLanes == 8 ? 16 : 32;
inline constexpr int kStoredTogether = kEmulatedLanes == 16 ? 4 : 1;

template <class To, class From>
To bitwise_cast(const From& x) {
    static_assert(sizeof(To) == sizeof(From));
    To result;
    std::memcpy(result.lane, x.lane, sizeof(x.lane));
    return result;
}
template <class T, int N>
Batch<T, N> select(const Mask<N>& condition, const Batch<T, N>& yes, const Batch<T, N>& no) {
    return each_lane<Batch<T, N>>([&](int i) { return condition.lane[i] ? yes.lane[i] : no.lane[i]; });
}

inline Vec fma(const Vec& x, const Vec& y, const Vec& z) {
    return each_lane<Vec>([&](int i) { return std::fma(x.lane[i], y.lane[i], z.lane[i]); });
}
inline Vec max(const Vec& x, const Vec& y) {
    return select(x > y, x, y);
}
inline Vec min(const Vec& x, const Vec& y) {
    return select(x < y, x, y);
}
inline Vec floor(const Vec& x) {
    return each_lane<Vec>([&](int i) { return std::floor(x.lane[i]); });
}
inline auto isnan(const Vec& x) {
    return each_lane<Mask<kEmulatedLanes>>([&](int i) { return std::isnan(x.lane[i]); });
}
inline Vec to_float(const Ints& x) {
    return each_lane<Vec>([&](int i) { return static_cast<float>(x.lane[i]); });
}
inline Ints int_of_whole(const Vec& x) {
    return each_lane<Ints>([&](int i) {
        require(x.lane[i] >= -0x1p31f && x.lane[i] < 0x1p31f, "a float that is no integer of 32 bits");
        return static_cast<std::int32_t>(x.lane[i]);
    });
}
inline Ints floor_to_int(const Vec& x) {
    return int_of_whole(floor(x));
}
inline Ints nearbyint_as_int(const Vec& x) {
    return int_of_whole(each_lane<Vec>([&](int i) { return std::nearbyint(x.lane[i]); }));
}
inline Ints permute(const Ints& x, const Ints& at) {
    return each_lane<Ints>([&](int i) { return x.lane[at.lane[i] & (kEmulatedLanes - 1)]; });
}

inline Vec select_negative(const Ints& by, const Vec& x, const Vec& y) {
    return select(by < Ints(0), x, y);
}

inline UInts select_nan(const Vec& of, const UInts& x, const UInts& y) {
    return select(isnan(of), x, y);
}

inline Ints load_u8(const std::uint8_t* from) {
    return each_lane<Ints>([&](int i) { return from[i]; });
}
inline Ints load_s8(const std::int8_t* from) {
    return each_lane<Ints>([&](int i) { return from[i]; });
}
inline Ints load_u16(const std::uint16_t* from) {
    return each_lane<Ints>([&](int i) { return from[i]; });
}
inline void store_u8(const Ints& x, std::uint8_t* to) {
    for (int i = 0; i < kEmulatedLanes; ++i) to[i] = fitting<std::uint8_t>(x.lane[i]);
}
inline void store_u8(const Ints (&x)[kStoredTogether], std::uint8_t* to) {
    for (int i = 0; i < kStoredTogether; ++i) store_u8(x[i], to + i * kEmulatedLanes);
}
inline void store_u16(const UInts& x, std::uint16_t* to) {
    for (int i = 0; i < kEmulatedLanes; ++i) to[i] = fitting<std::uint16_t>(x.lane[i]);
}
template <class T>
void load_n(const T* from, T* to, int n) {
    require_aligned(to, kEmulatedLanes * sizeof(T));
    for (int i = 0; i < kEmulatedLanes; ++i) to[i] = i < n ? from[i] : T{};
}
template <class T>
void store_n(const T* from, T* to, int n) {
    require_aligned(from, kEmulatedLanes * sizeof(T));
    for (int i = 0; i < n; ++i) to[i] = from[i];
}

/// Gemm k of the four in lane i.
template <int N>
std::int32_t product_u8s8(const Batch<std::int32_t, N>& x, const Batch<std::int32_t, N>& w, int i, int k) {
    const auto byte = [&](std::int32_t lane) { return static_cast<std::uint32_t>(lane) >> 8 * k & 0xff; };
    return static_cast<std::int32_t>(byte(x.lane[i])) * static_cast<std::int8_t>(byte(w.lane[i]));
}
inline Ints dot4_u8s8(const Ints& sum, const Ints& x, const Ints& w) {
    return each_lane<Ints>([&](int i) {
        std::int64_t total = sum.lane[i];
        for (int k = 0; k < 4; ++k) total += product_u8s8(x, w, i, k);
        return fitting<std::int32_t>(total);
    });
}
template <int N>
Batch<std::int16_t, 2 * N> dot2_u8s8(const Batch<std::int32_t, N>& x, const Batch<std::int32_t, N>& w) {
    return each_lane<Batch<std::int16_t, 2 * N>>([&](int i) {
        const int k = i % 2 * 2;
        return fitting<std::int16_t>(product_u8s8(x, w, i / 2, k) + product_u8s8(x, w, i / 2, k + 1));
    });
}
template <int N>
Batch<std::int32_t, N / 2> dot2_s16(const Batch<std::int16_t, N>& x, const Batch<std::int16_t, N>& w) {
    return each_lane<Batch<std::int32_t, N / 2>>(
        [&](int i) { return x.lane[2 * i] * w.lane[2 * i] + x.lane[2 * i + 1] * w.lane[2 * i + 1]; });
}

}  // namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE
