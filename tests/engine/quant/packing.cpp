#include "engine/quant/packing.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "engine/core/error.hpp"
#include "engine/core/rng.hpp"

namespace nibble {
namespace {

using Bytes = std::vector<std::uint8_t>;
using Codes = std::vector<std::int8_t>;

std::vector<Scheme> packable_schemes() {
    std::vector<Scheme> schemes{scheme_from("t-pc"), scheme_from("t-g4")};
    for (int bits = 2; bits <= 8; ++bits) {
        schemes.push_back({.bits = bits});
        schemes.push_back({.bits = bits, .range = Range::narrow});
        if (bits < 8) schemes.push_back({.bits = bits, .is_signed = false});
    }
    return schemes;
}

TEST_CASE("packing: codes come back, for every scheme and number of codes") {
    Random random(1, Purpose::test);
    for (const Scheme& s : packable_schemes())
        for (std::size_t n = 0; n <= 17; ++n)
            for (int round = 0; round < 20; ++round) {
                Codes codes(n);
                const auto width = static_cast<std::uint32_t>(s.highest() - s.lowest() + 1);
                for (auto& code : codes)
                    code = static_cast<std::int8_t>(s.lowest() + static_cast<int>(random.below(width)));
                const Bytes bytes = pack_codes(s, codes);
                CAPTURE(to_string(s));
                CAPTURE(n);
                CHECK(bytes.size() == packed_bytes(s, n));
                CHECK(8 * bytes.size() >= n * static_cast<std::size_t>(stored_bits(s)));
                CHECK(8 * bytes.size() < n * static_cast<std::size_t>(stored_bits(s)) + 8);
                CHECK(unpack_codes(s, bytes, n) == codes);
            }
}

TEST_CASE("packing: the bytes are those the header describes, the first code in the lowest bits") {
    CHECK(pack_codes(scheme_from("s8-pc"), Codes{1, -1, -128}) == Bytes{0x01, 0xff, 0x80});
    CHECK(pack_codes(scheme_from("s5-pc"), Codes{-16, 15}) == Bytes{0xf0, 0x0f});
    CHECK(pack_codes(scheme_from("s4-pc"), Codes{1, -2, 7, -8, 5}) == Bytes{0xe1, 0x87, 0x05});
    CHECK(pack_codes(scheme_from("s2-pc"), Codes{1, -2}) == Bytes{0xe1});
    CHECK(pack_codes(scheme_from("u4-pt"), Codes{1, 15}) == Bytes{0xf1});
    // -1, 0, 1 are 0, 1, 2; the filling is zeros, so 1.
    CHECK(pack_codes(scheme_from("t-pc"), Codes{-1, 0, 1, 1, -1}) == Bytes{0b10100100, 0b01010100});
}

/// All strings of bytes of one length are either refused, or the one packing of what they hold.
void check_all_bytes(const Scheme& s, std::size_t n) {
    std::size_t accepted = 0, expected = 1;
    for (std::size_t i = 0; i < n; ++i)
        expected *= static_cast<std::size_t>(std::min(s.highest(), 127) - s.lowest() + 1);
    const std::size_t size = packed_bytes(s, n);
    REQUIRE(size <= 2);
    for (unsigned value = 0; value < 1u << 8 * size; ++value) {
        Bytes bytes;
        for (std::size_t b = 0; b < size; ++b) bytes.push_back(static_cast<std::uint8_t>(value >> 8 * b));
        try {
            const Codes codes = unpack_codes(s, bytes, n);
            ++accepted;
            if (pack_codes(s, codes) != bytes)
                FAIL_CHECK(to_string(s) << ": " << value << " has two packings");
        } catch (const BadInput&) {
        }
    }
    CAPTURE(to_string(s));
    CAPTURE(n);
    CHECK(accepted == expected);
}

TEST_CASE("packing: codes out of range and fillings that are not zero are refused, by trying all bytes") {
    for (const Scheme& s : packable_schemes())
        for (std::size_t n = 1; n * static_cast<std::size_t>(stored_bits(s)) <= 8; ++n) check_all_bytes(s, n);
    check_all_bytes(scheme_from("t-pc"), 7);
    check_all_bytes(scheme_from("s4n-pc"), 3);
    check_all_bytes(scheme_from("u8-pc"), 1);  // codes are signed bytes: no more than 127
}

TEST_CASE("packing: the wrong number of bytes is refused") {
    for (const Scheme& s : packable_schemes())
        for (std::size_t n = 0; n <= 9; ++n) {
            Bytes bytes = pack_codes(s, Codes(n, 0));
            bytes.push_back(0);
            CHECK_THROWS_WITH_AS(unpack_codes(s, bytes, n), doctest::Contains("bytes"), BadInput);
            bytes.pop_back();
            if (bytes.empty()) continue;
            bytes.pop_back();
            CHECK_THROWS_AS(unpack_codes(s, bytes, n), BadInput);
        }
}

}  // namespace
}  // namespace nibble
