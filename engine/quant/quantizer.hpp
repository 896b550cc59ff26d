// Grids and rounding: how a real number becomes a code and what it is worth then. The kernels' quantize() and
// epilogue() do the same on whole tensors (engine/kernels/integer.hpp).
//
//     code(x) = round(clamp(x * multiplier, lowest, highest)),   value = code * step
//
// With one multiplier m_c for each channel c a code is worth code / m_c, and a sum over channels is no sum of
// integers any more. So 1 / m_c goes into the weights that multiply the codes, before they are quantized
// themselves:
//
//     sum_c W[o, c] x_c ~ sum_c (W[o, c] / m_c) code_c
#pragma once

#include <cstddef>
#include <vector>

#include "engine/core/rounding.hpp"
#include "engine/quant/scheme.hpp"

namespace nibble {

/// An activation's way to codes and back. Granularity `channel`: whoever quantizes the weights that multiply
/// these codes has divided W[o, c, ...] by multipliers[c] before, so that the product needs no scale of its
/// own for the channel. Convolutions and linear layers alone can read such codes.
struct Quantizer {
    Scheme scheme;
    Rounding rounding = Rounding::nearest_even;
    float multiplier = 1;                 ///< codes per unit; 1 with granularity `channel`
    float step = 1;                       ///< value of one code, 1 / multiplier up to rounding
    std::vector<float> multipliers = {};  ///< codes per unit of each channel; empty with granularity `tensor`

    bool by_channel() const { return scheme.granularity == Granularity::channel; }
    float multiplier_of(std::size_t channel) const {
        return by_channel() ? multipliers[channel] : multiplier;
    }
    /// Stored codes are code + offset, bytes without sign.
    int offset() const { return scheme.is_signed ? 1 << (scheme.bits - 1) : scheme.zero_point; }
    friend bool operator==(const Quantizer&, const Quantizer&) = default;
};

/// A quantizer with value = code * step, multiplier = 1 / step. Throws what check() throws.
Quantizer make_quantizer(const Scheme& scheme, float step, Rounding rounding = Rounding::nearest_even);
/// One with value = code / multipliers[channel]. Throws what check() throws.
Quantizer make_channel_quantizer(const Scheme& scheme, std::vector<float> multipliers,
                                 Rounding rounding = Rounding::nearest_even);
/// Throws BadInput unless the scheme is uniform, per tensor or per channel, the numbers that go with it are
/// finite, normal and positive, and the others empty or 1.
void check(const Quantizer& quantizer);
/// As above, and that it is for so many channels.
void check(const Quantizer& quantizer, std::size_t channels);

/// The channel matters with granularity `channel` only.
int code_of(const Quantizer& quantizer, float x, std::size_t channel = 0);

}  // namespace nibble
