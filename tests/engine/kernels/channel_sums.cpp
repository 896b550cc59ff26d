// Depthwise sums: every architecture gives the reference's bits, and writes nothing else.
#include <doctest/doctest.h>

#include <vector>

#include "engine/core/rng.hpp"
#include "tests/engine/kernels/contenders.hpp"

using namespace nibble;
using namespace nibble::kernels;
using namespace nibble::kernels::test;

namespace {

constexpr int kRows = 4, kCols = 7, kTaps = 5;

struct Places {
    std::vector<std::ptrdiff_t> a, b;
};

Places places(int channels, Random& random) {
    Places p;
    for (int t = 0; t < kTaps; ++t) {
        p.a.push_back(static_cast<std::ptrdiff_t>(random.below(9)) * channels);
        p.b.push_back(static_cast<std::ptrdiff_t>(t) * channels);
    }
    return p;
}

std::vector<float> run_floats(const Kernels& kernels, int channels, bool add) {
    Random random(3, Purpose::test, 1, static_cast<std::uint32_t>(channels));
    const Places at = places(channels, random);
    std::vector<float> a(static_cast<std::size_t>((2 * kCols + 9) * channels)),
        b(static_cast<std::size_t>(kTaps * channels));
    for (float& v : a) v = random.below(5) ? random.normal() : -0.0f;
    for (float& v : b) v = random.normal();
    std::vector<float> out(static_cast<std::size_t>(kCols * (channels + 3)), 7.0f);
    kernels.channel_sums({a.data(), b.data(), at.a.data(), at.b.data(), kTaps, kCols, channels, 2 * channels,
                          channels + 3, add, out.data()});
    return out;
}

std::vector<std::int32_t> run_integers(const Kernels& kernels, int channels) {
    Random random(3, Purpose::test, 2, static_cast<std::uint32_t>(channels));
    const Places at = places(channels, random);
    std::vector<std::uint8_t> x(static_cast<std::size_t>((kRows * 20 + kCols + 9) * channels));
    std::vector<std::int8_t> w(static_cast<std::size_t>(kTaps * channels));
    std::vector<std::int32_t> start(static_cast<std::size_t>(channels));
    for (auto& v : x) v = static_cast<std::uint8_t>(random.bits());
    for (auto& v : w) v = static_cast<std::int8_t>(random.bits());
    for (auto& v : start) v = static_cast<std::int32_t>(random.below(1000)) - 500;
    const std::ptrdiff_t row = kCols * (channels + 2) + 1;
    std::vector<std::int32_t> out(static_cast<std::size_t>(kRows * row), 77);
    kernels.integer_channel_sums({x.data(),
                                  {kRows, kCols, 20 * channels, channels},
                                  at.a.data(),
                                  w.data(),
                                  start.data(),
                                  kTaps,
                                  channels,
                                  out.data(),
                                  row,
                                  channels + 2});
    return out;
}

}  // namespace

TEST_CASE("channel sums: every architecture gives the reference's bits") {
    for (int channels : {1, 3, 8, 15, 16, 17, 31, 32, 33, 100})
        for (const Kernels* kernels : contenders_and_emulated()) {
            CAPTURE(kernels->name);
            CAPTURE(channels);
            for (bool add : {false, true})
                CHECK(run_floats(*kernels, channels, add) == run_floats(reference_kernels(), channels, add));
            CHECK(run_integers(*kernels, channels) == run_integers(reference_kernels(), channels));
        }
}

TEST_CASE("channel sums: what they are") {
    const float a[] = {1, 2, 3, 4, 5, 6}, b[] = {10, 100, 0.5f, 0.25f};
    const std::ptrdiff_t a_at[] = {0, 2}, b_at[] = {0, 2};
    float out[] = {1000, 1000, 1000, 1000};
    reference_kernels().channel_sums({a, b, a_at, b_at, 2, 2, 2, 2, 2, true, out});
    CHECK(out[0] == 1000 + 1 * 10 + 3 * 0.5f);
    CHECK(out[1] == 1000 + 2 * 100 + 4 * 0.25f);
    CHECK(out[2] == 1000 + 3 * 10 + 5 * 0.5f);
    CHECK(out[3] == 1000 + 4 * 100 + 6 * 0.25f);
}
