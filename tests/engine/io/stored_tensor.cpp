#include "engine/io/stored_tensor.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "engine/core/error.hpp"

using namespace nibble;

namespace {

template <class Number>
float converted(const std::string& dtype, Number stored) {
    StoredTensor tensor{dtype, {1}, std::vector<std::byte>(sizeof stored)};
    std::memcpy(tensor.bytes.data(), &stored, sizeof stored);
    return tensor.to_f32()(0);
}

float half(int bits) {
    return converted("F16", static_cast<std::uint16_t>(bits));
}

}  // namespace

TEST_CASE("stored tensor: half precision converts exactly") {
    CHECK(half(0x3c00) == 1);
    CHECK(half(0xc000) == -2);
    CHECK(half(0x3555) == 0x1.554p-2f);
    CHECK(half(0x7bff) == 65504);
    CHECK(half(0x0400) == 0x1p-14f);  // the smallest normal number
    CHECK(half(0x03ff) == 1023 * 0x1p-24f);
    CHECK(half(0x8001) == -0x1p-24f);
    CHECK((half(0x8000) == 0 && std::signbit(half(0x8000))));
    CHECK(half(0x7c00) == std::numeric_limits<float>::infinity());
    CHECK(half(0xfc00) == -std::numeric_limits<float>::infinity());
    CHECK(std::isnan(half(0x7e01)));
}

TEST_CASE("stored tensor: double precision is rounded to the nearest float") {
    CHECK(converted("F64", 0.1) == 0.1f);
    CHECK(converted("F64", 1 + 0x1p-24) == 1);  // a tie, to even
    CHECK(converted("F64", 1 + 0x3p-24) == 1 + 0x1p-22f);
    CHECK(converted("F64", -1e300) == -std::numeric_limits<float>::infinity());
    CHECK(converted("F64", 0x1p-126) == 0x1p-126f);
    const float subnormal = converted("F64", -0x1p-127);
    CHECK((subnormal == 0 && std::signbit(subnormal)));
}

TEST_CASE("stored tensor: integers and torn tensors do not convert") {
    CHECK_THROWS_WITH_AS(converted("I64", std::int64_t{1}), doctest::Contains("I64"), BadInput);
    const StoredTensor torn{"F32", {2}, std::vector<std::byte>(7)};
    CHECK_THROWS_AS(torn.to_f32(), BadInput);
}
