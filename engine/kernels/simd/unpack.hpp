// Packed weights to signed bytes, 64 of them (one k4 group of a panel) at a time.
#pragma once

#include "engine/kernels/integer.hpp"
#include "engine/kernels/simd/ops.hpp"

namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE {

inline constexpr int kBlockCodes = kPanel * kK4;
inline constexpr int kVectorCodes = static_cast<int>(Bytes::size);

/// What lies in bits [shift, shift + 8) of each 16, and in the bits above: a byte's fields move down, junk
/// from its neighbour comes after them.
template <int shift>
[[gnu::always_inline]] inline Bytes shifted(Bytes x) {
    return bitwise_cast<Bytes>(bitwise_cast<UShorts>(x) >> shift);
}

struct FromBytes {
    static constexpr int kTogether = 1;
    template <int>
    [[gnu::always_inline]] static Bytes code(Bytes x) {
        return x;
    }
};
struct FromFours {
    static constexpr int kTogether = 2;
    template <int i>
    [[gnu::always_inline]] static Bytes code(Bytes x) {
        const Bytes field = shifted<4 * i>(x) & Bytes(std::int8_t{15});
        return (field ^ Bytes(std::int8_t{8})) - Bytes(std::int8_t{8});
    }
};
struct FromTernary {
    static constexpr int kTogether = 4;
    template <int i>
    [[gnu::always_inline]] static Bytes code(Bytes x) {
        return (shifted<2 * i>(x) & Bytes(std::int8_t{3})) - Bytes(std::int8_t{1});
    }
};

/// Multiplies the codes of kLanes channels, a k4 group each, by a multiplier each. Even and odd bytes are
/// multiplied as 16-bit numbers, whose lower halves know nothing of the upper ones.
[[gnu::always_inline]] inline Bytes multiplied(Bytes codes, const std::uint8_t* multipliers) {
    const Ints of_channel = load_u8(multipliers);
    const Shorts words = bitwise_cast<Shorts>(of_channel | (of_channel << 16));
    const Shorts bytes = bitwise_cast<Shorts>(codes), even(0xff), odd(-0x100);
    return bitwise_cast<Bytes>(((bytes * words) & even) | ((bytes & odd) * words));
}

template <class Format>
void unpack_from(const Unpack& e) {
    const PackedPanels& w = e.weights;
    const auto* from = static_cast<const std::int8_t*>(w.codes) + e.panel * w.panel_bytes;
    const std::uint8_t* multipliers = w.multipliers;
    if (multipliers)
        multipliers += static_cast<std::ptrdiff_t>(e.panel) * (w.panel_k4s / w.group_k4s) * kPanel;
    std::int8_t* to = e.to;
    int left_of_group = w.group_k4s;
    for (int k4 = 0; k4 < w.panel_k4s; k4 += Format::kTogether, from += kBlockCodes) {
        unrolled<Format::kTogether>([&](auto i) {
            for (int at = 0; at < kBlockCodes; at += kVectorCodes) {
                Bytes codes = Format::template code<i>(Bytes::load_unaligned(from + at));
                if (multipliers) codes = multiplied(codes, multipliers + at / kK4);
                codes.store_unaligned(to + at);
            }
            to += kBlockCodes;
            if (multipliers && --left_of_group == 0) {
                multipliers += kPanel;
                left_of_group = w.group_k4s;
            }
        });
    }
}

inline void unpack_panel(const Unpack& e) {
    switch (e.weights.format) {
        case WeightFormat::s8:
            return unpack_from<FromBytes>(e);
        case WeightFormat::s4:
            return unpack_from<FromFours>(e);
        case WeightFormat::ternary:
            return unpack_from<FromTernary>(e);
    }
}

}  // namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE
