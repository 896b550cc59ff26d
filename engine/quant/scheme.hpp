// How a tensor is quantized: one value type, and the one vocabulary of configurations, reports and files.
//
//     s4-pc       signed, 4 bits (-8..7), one scale per output channel
//     s8n-pc      narrow range (-127..127)
//     u4-pt       unsigned (0..15), one scale per tensor
//     u4z2-pt     the same with a zero point: codes -2..13, stored as 0..15
//     s4x2-pc     a sum of two such tensors ("dual")
//     t-g64       ternary (-1, 0, 1), one scale per group of 64 input channels
#pragma once

#include <cstddef>
#include <string>

namespace nibble {

enum class Kind {
    uniform,
    sum,     ///< value = sum over `terms` of codes_i * step_i
    ternary  ///< codes -1, 0, 1
};
enum class Granularity { tensor, channel, group };
enum class Range { full, narrow };  ///< narrow: the lowest signed code is left out, so codes are symmetric

/// Of a sum, at most: four of 4 bits have 2^16 values, as many as a search for their scales looks at.
inline constexpr int kMaxTerms = 4;

struct Scheme {
    Kind kind = Kind::uniform;
    int bits = 8;  ///< 2 to 8; 2 for ternary
    bool is_signed = true;
    Range range = Range::full;
    Granularity granularity = Granularity::channel;
    int group = 0;       ///< input channels that share a scale (granularity group)
    int terms = 1;       ///< of a sum
    int zero_point = 0;  ///< of unsigned codes: what 0 is stored as

    int lowest() const {
        return is_signed ? -(1 << (bits - 1)) + (range == Range::narrow ? 1 : 0) : -zero_point;
    }
    int highest() const { return (1 << (is_signed ? bits - 1 : bits)) - 1 - zero_point; }
    friend bool operator==(const Scheme&, const Scheme&) = default;
};

std::string to_string(const Scheme& scheme);
/// The inverse. Throws BadInput for anything else, and for bits, groups and terms that make no sense.
Scheme scheme_from(const std::string& text);
/// Throws BadInput unless bits are 2 to 8, groups and terms fit kind and granularity.
void check(const Scheme& scheme);

}  // namespace nibble
