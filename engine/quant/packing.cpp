#include "engine/quant/packing.hpp"

#include <algorithm>
#include <string>

#include "engine/core/error.hpp"

namespace nibble {
namespace {

int field_of(const Scheme& scheme, int code) {
    return (scheme.kind == Kind::ternary ? code + 1 : code) & ((1 << stored_bits(scheme)) - 1);
}

int code_in(const Scheme& scheme, int field) {
    if (scheme.kind == Kind::ternary) return field - 1;
    const int half = 1 << (stored_bits(scheme) - 1);
    return scheme.is_signed && field >= half ? field - 2 * half : field;
}

}  // namespace

int stored_bits(const Scheme& scheme) {
    if (scheme.kind == Kind::ternary) return 2;
    return scheme.bits <= 4 ? 4 : 8;
}

std::size_t packed_bytes(const Scheme& scheme, std::size_t count) {
    return (count * static_cast<std::size_t>(stored_bits(scheme)) + 7) / 8;
}

std::vector<std::uint8_t> pack_codes(const Scheme& scheme, std::span<const std::int8_t> codes) {
    const std::size_t bits = static_cast<std::size_t>(stored_bits(scheme)), together = 8 / bits;
    std::vector<std::uint8_t> bytes(packed_bytes(scheme, codes.size()), 0);
    for (std::size_t i = 0; i < bytes.size() * together; ++i) {
        const int field = field_of(scheme, i < codes.size() ? codes[i] : 0);
        bytes[i / together] |= static_cast<std::uint8_t>(field << i % together * bits);
    }
    return bytes;
}

std::vector<std::int8_t> unpack_codes(const Scheme& scheme, std::span<const std::uint8_t> bytes,
                                      std::size_t count) {
    if (bytes.size() != packed_bytes(scheme, count))
        throw BadInput("packed codes", "bytes", std::to_string(packed_bytes(scheme, count)),
                       std::to_string(bytes.size()));
    const std::size_t bits = static_cast<std::size_t>(stored_bits(scheme)), together = 8 / bits;
    const int highest = std::min(scheme.highest(), 127);  // codes of weights are signed bytes
    std::vector<std::int8_t> codes(count);
    for (std::size_t i = 0; i < bytes.size() * together; ++i) {
        const int code = code_in(scheme, bytes[i / together] >> i % together * bits & ((1 << bits) - 1));
        if (i >= count) {
            if (code != 0)
                throw BadInput("packed codes", "filling after the last code", "0", std::to_string(code));
            continue;
        }
        if (code < scheme.lowest() || code > highest)
            throw BadInput("packed codes", "code " + std::to_string(i),
                           std::to_string(scheme.lowest()) + " to " + std::to_string(highest),
                           std::to_string(code));
        codes[i] = static_cast<std::int8_t>(code);
    }
    return codes;
}

}  // namespace nibble
