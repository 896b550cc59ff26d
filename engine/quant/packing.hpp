// Codes as files hold them: in the order of the tensor, several to a byte.
//
//     5 to 8 bits   a byte each
//     2 to 4 bits   two to a byte, the first one in the low nibble, two's complement
//     ternary       four to a byte, the first one in the lowest bits, code + 1
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/quant/scheme.hpp"

namespace nibble {

/// Bits that one code takes: 8, 4 or 2.
int stored_bits(const Scheme& scheme);
/// Bytes of `count` codes; the last byte is filled up with zero codes.
std::size_t packed_bytes(const Scheme& scheme, std::size_t count);

std::vector<std::uint8_t> pack_codes(const Scheme& scheme, std::span<const std::int8_t> codes);
/// Throws BadInput when the number of bytes is wrong, a code is outside the scheme's range, or the filling is
/// not zero.
std::vector<std::int8_t> unpack_codes(const Scheme& scheme, std::span<const std::uint8_t> bytes,
                                      std::size_t count);

}  // namespace nibble
