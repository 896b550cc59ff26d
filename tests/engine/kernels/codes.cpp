// What follows an integer product, and quantizing: every architecture against the reference, roundings by hand.
#include <algorithm>

#include "engine/core/error.hpp"
#include "tests/engine/kernels/contenders.hpp"

namespace nibble::kernels::test {
namespace {

struct EpilogueCase {
    int rows, cols, channels;
    bool residual, residual_codes;
    Clamp clamp;
    bool real, codes;
    Rounding rounding;
    bool is_signed;
    int extra = 0;
};

/// A finished layer: the floats and the codes, each with canaries around and between the rows.
struct Finished {
    std::vector<float> real;
    std::vector<std::uint8_t> codes;
};

Finished run_epilogue(const Kernels& kernels, const EpilogueCase& c, std::uint32_t stream) {
    Random random(2, Purpose::test, 3, stream);
    const auto n = static_cast<std::size_t>(c.channels);
    const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(c.cols) * c.channels + 7;
    const std::size_t size = static_cast<std::size_t>(c.rows * row);
    std::vector<float> residual(size), scale(n), shift(n), multipliers(n);
    std::vector<std::uint8_t> residual_codes(size);
    for (auto& r : residual) r = random.normal() * 3;
    for (auto& r : residual_codes) r = static_cast<std::uint8_t>(random.bits());
    // Powers of two now and then, so that halves, whose rounding differs between the rules, do occur.
    for (auto& s : scale) s = random.below(3) ? random.normal() / 1000 : 1.0f / 1024;
    for (auto& s : shift) s = random.below(3) ? random.normal() : 0.5f;
    for (auto& m : multipliers) m = random.below(3) ? 10 + 30 * random.uniform() : 32;
    // Some channels have extra sums, which lie after the channels' own.
    std::vector<std::int32_t> columns(3 * n);
    std::vector<float> extra_scale(3 * n);
    const std::ptrdiff_t sums_col = c.channels + 5, sums_row = c.cols * sums_col + 3;
    std::vector<std::int32_t> sums(static_cast<std::size_t>(c.rows * sums_row) + kPanel);
    for (auto& s : sums) s = static_cast<std::int32_t>(random.bits()) >> random.below(32);
    for (auto& s : extra_scale) s = random.below(3) ? random.normal() / 1000 : 0.0f;
    const std::uint32_t share = random.below(4);
    for (std::size_t i = 0, next = 0; i < columns.size(); ++i) {
        if (i % n == 0) next = random.below(6);
        columns[i] = random.below(3) >= share ? -1 : static_cast<std::int32_t>(next++);
    }
    ExtraSums extra[3];
    for (std::size_t e = 0; e < 3; ++e) extra[e] = {columns.data() + e * n, extra_scale.data() + e * n};

    Finished out{canaries<float>(size + 32), std::vector<std::uint8_t>(size + 32, 0xa5)};
    Epilogue f{};
    f.rows = c.rows, f.cols = c.cols, f.channels = c.channels;
    f.sums = {sums.data(), sums_row, sums_col};
    f.scale = scale.data(), f.shift = shift.data();
    f.extra = extra, f.extra_count = c.extra;
    if (c.residual) f.residual = {residual.data(), row, c.channels};
    if (c.residual_codes) f.residual_codes = {residual_codes.data(), row, c.channels};
    f.residual_offset = 128, f.residual_step = 0.03125f;
    f.clamp = c.clamp;
    if (c.real) f.real = out.real.data() + 16, f.real_row_stride = row, f.real_col_stride = c.channels;
    if (c.codes)
        f.codes = {out.codes.data() + 16,
                   row,
                   c.channels,
                   multipliers.data(),
                   c.is_signed ? -127.0f : 0.0f,
                   c.is_signed ? 127.0f : 255.0f,
                   c.is_signed ? 128 : 0,
                   c.rounding};
    kernels.epilogue(f);
    return out;
}

TEST_CASE("epilogue: every architecture gives the reference's bits") {
    constexpr std::array<Clamp, 5> kClamps{kRelu, {}, {0, 0.75f}, {-0.5f, 1}, {0.25f}};
    const auto others = contenders_and_emulated();
    std::uint32_t index = 0;
    for (int channels : {1, 3, 8, 10, 16, 17, 31, 32, 48, 64})
        for (int cols : {1, 2, 8, 9})
            for (int what = 0; what < 32; ++what)
                for (Rounding rounding : {Rounding::nearest_even, Rounding::half_up, Rounding::floor}) {
                    const EpilogueCase c{1 + what % 3,
                                         cols,
                                         channels,
                                         (what & 1) != 0,
                                         (what & 3) == 2,
                                         kClamps[static_cast<std::size_t>(what) % kClamps.size()],
                                         (what & 4) != 0,
                                         (what & 4) == 0 || (what & 8),
                                         rounding,
                                         (what & 16) != 0,
                                         what % 7 < 4 ? what % 7 : 0};
                    if (!wanted(++index)) continue;
                    const Finished expected = run_epilogue(reference_kernels(), c, index);
                    for (const Kernels* kernels : others) {
                        CAPTURE(kernels->name);
                        CAPTURE(channels);
                        CAPTURE(cols);
                        CAPTURE(what);
                        const Finished got = run_epilogue(*kernels, c, index);
                        CHECK(same_bits(got.real, expected.real));
                        CHECK(got.codes == expected.codes);
                    }
                }
}

TEST_CASE("quantize: every architecture gives the reference's codes, and NaN the lowest") {
    auto tables = contenders_and_emulated();
    tables.push_back(&reference_kernels());
    for (int channels : {1, 3, 16, 33, 64})
        for (Rounding rounding : {Rounding::nearest_even, Rounding::half_up, Rounding::floor}) {
            constexpr int kRows = 3, kCols = 5;
            std::vector<float> x(static_cast<std::size_t>(kRows * kCols * channels));
            Random random(3, Purpose::test, 1, static_cast<std::uint32_t>(channels));
            for (auto& v : x) v = static_cast<float>(static_cast<int>(random.below(800)) - 400) / 16;
            std::vector<float> multipliers(static_cast<std::size_t>(channels));
            for (auto& m : multipliers) m = random.below(2) ? 0.5f : 0.25f + random.uniform();
            x[0] = std::numeric_limits<float>::quiet_NaN();
            if (x.size() > 16) {
                x[1] = std::numeric_limits<float>::infinity();
                x[2] = -x[1];
            }
            // Codes lie as close as the values, or with a gap between pixels.
            for (int gap : {0, 3}) {
                const std::ptrdiff_t pixel = channels + gap;
                const auto run = [&](const Kernels& kernels) {
                    std::vector<std::uint8_t> to(static_cast<std::size_t>(kRows * kCols * pixel) + 64, 0xa5);
                    kernels.quantize(
                        {kRows,
                         kCols,
                         channels,
                         {x.data(), static_cast<std::ptrdiff_t>(kCols) * channels, channels},
                         {to.data() + 32, kCols * pixel, pixel, multipliers.data(), -7, 7, 8, rounding}});
                    return to;
                };
                const auto expected = run(reference_kernels());
                CHECK(expected[32] == 1);
                if (channels > 2) CHECK(expected[33] == 15);
                for (const Kernels* kernels : tables) {
                    CAPTURE(kernels->name);
                    CAPTURE(channels);
                    CAPTURE(gap);
                    CHECK(run(*kernels) == expected);
                }
            }
        }
}

TEST_CASE("codes: each channel has a multiplier of its own, by hand") {
    const std::vector<float> x = {1, 1, 1, -1, 2, 3}, multipliers = {1, 2, 4};
    std::vector<std::uint8_t> to(x.size());
    reference_kernels().quantize(
        {1, 2, 3, {x.data(), 6, 3}, {to.data(), 6, 3, multipliers.data(), -8, 7, 8, Rounding::nearest_even}});
    CHECK(to == std::vector<std::uint8_t>{9, 10, 12, 7, 12, 15});
    const std::vector<std::int32_t> sums = {1, 1, 1, -1, 2, 3};
    const std::vector<float> scale(3, 2.0f), shift(3, 0.25f);
    Epilogue f{};
    f.rows = 1, f.cols = 2, f.channels = 3;
    f.sums = {sums.data(), 6, 3};
    f.scale = scale.data(), f.shift = shift.data();
    f.codes = {to.data(), 6, 3, multipliers.data(), 0, 255, 0, Rounding::floor};
    reference_kernels().epilogue(f);
    CHECK(to == std::vector<std::uint8_t>{2, 4, 9, 0, 8, 25});
    // The first channel has the pixel's last sum as an extra term, the others have none.
    const std::vector<std::int32_t> columns = {2, -1, -1};
    const std::vector<float> extra_scale = {10, 0, 0};
    const ExtraSums extra{columns.data(), extra_scale.data()};
    f.extra = &extra, f.extra_count = 1;
    reference_kernels().epilogue(f);
    CHECK(to == std::vector<std::uint8_t>{12, 4, 9, 28, 8, 25});
}

TEST_CASE("rounding rules at halves") {
    const std::vector<float> x = {-1.5f, -0.5f, 0.5f, 1.5f, 2.5f, -0.25f, 0.75f};
    const std::vector<float> ones(x.size(), 1.0f);
    const auto codes = [&](Rounding rounding) {
        std::vector<std::uint8_t> to(x.size());
        reference_kernels().quantize({1,
                                      1,
                                      static_cast<int>(x.size()),
                                      {x.data(), 0, 0},
                                      {to.data(), 0, 0, ones.data(), -8, 7, 8, rounding}});
        std::vector<int> signed_codes;
        for (auto t : to) signed_codes.push_back(t - 8);
        return signed_codes;
    };
    CHECK(codes(Rounding::nearest_even) == std::vector{-2, 0, 0, 2, 2, 0, 1});
    CHECK(codes(Rounding::half_up) == std::vector{-1, 0, 1, 2, 3, 0, 1});
    CHECK(codes(Rounding::floor) == std::vector{-2, -1, 0, 1, 2, -1, 0});
}

}  // namespace
}  // namespace nibble::kernels::test
