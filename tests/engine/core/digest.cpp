#include "engine/core/digest.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace nibble;

// FIPS 180-4 examples.
TEST_CASE("SHA-256 of the standard's examples") {
    CHECK(digest_of("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(digest_of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(digest_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST_CASE("feeding in pieces equals feeding at once") {
    const std::string text(1000, 'x');
    Digest pieces;
    for (std::size_t at = 0; at < text.size(); at += 77) pieces.add(std::string_view(text).substr(at, 77));
    CHECK(pieces.hex() == digest_of(text));
}

TEST_CASE("typed spans are fed as little-endian bytes") {
    const std::vector<std::uint16_t> values{0x6261, 0x6463};
    CHECK(Digest().add(std::span<const std::uint16_t>(values)).hex() == digest_of("abcd"));
}
