// Integer products, expanding packed weights, and what follows a product: the reference against plain loops
// over unpacked codes, and every architecture against the reference.
#include <algorithm>

#include "engine/core/error.hpp"
#include "engine/kernels/integer_packing.hpp"
#include "tests/engine/kernels/contenders.hpp"
#include "tests/engine/kernels/emulated_tiles.hpp"
#include "tests/engine/kernels/geometry.hpp"

namespace nibble::kernels::test {
namespace {

/// What stored codes may be: u4, u8, and signed ones with their offsets.
constexpr OperandRange kOperands[] = {{15, 0}, {255, 0}, {15, 8}, {255, 128}};

/// How weights are drawn: format, largest code in magnitude, multipliers up to, in groups of.
struct WeightKind {
    WeightFormat format;
    int lowest, highest, multiplier, group;
    bool extreme;  ///< only the two ends of the range: what saturates if anything does
};
constexpr WeightKind kWeights[] = {
    {WeightFormat::s8, -128, 127, 0, 0, false},    {WeightFormat::s8, -127, 127, 0, 0, true},
    {WeightFormat::s8, -68, 68, 0, 0, false},  // few pairs to split
    {WeightFormat::s8, -20, 20, 0, 0, false},      {WeightFormat::s4, -8, 7, 0, 0, false},
    {WeightFormat::s4, -8, 7, 0, 0, true},         {WeightFormat::ternary, -1, 1, 0, 0, false},
    {WeightFormat::ternary, -1, 1, 127, 4, false}, {WeightFormat::ternary, -1, 1, 127, 16, false},
    {WeightFormat::ternary, -1, 1, 127, 3, false}, {WeightFormat::s4, -8, 7, 15, 8, false},
    {WeightFormat::s4, -7, 7, 15, 4, true}};

constexpr int kRuns = 3;

struct Problem {
    Grid grid;
    int run_length, channels;
    Layout layout;
    WeightKind kind;
    OperandRange range;
    Operand operand;
    std::vector<std::uint8_t> stored;
    std::vector<std::int8_t> codes;
    std::vector<std::uint8_t> multipliers;

    Problem(Grid g, int length, int n, Layout l, const WeightKind& k, OperandRange r, std::uint32_t stream)
        : grid(g),
          run_length(length),
          channels(n),
          layout(l),
          kind(k),
          range(r),
          operand(g, kRuns, length, l) {
        Random random(1, Purpose::test, 7, stream);
        stored.resize(operand.elements + kSlack);
        for (auto& x : stored)
            x = static_cast<std::uint8_t>(k.extreme && random.below(4) ? range.highest
                                                                       : random.below(range.highest + 1));
        codes.resize(static_cast<std::size_t>(kRuns) * length * n);
        for (auto& w : codes)
            w = static_cast<std::int8_t>(
                k.extreme ? (random.below(2) ? k.highest : k.lowest)
                          : k.lowest + static_cast<int>(random.below(k.highest - k.lowest + 1)));
        if (!grouped()) return;
        multipliers.resize(codes.size());
        for (int run = 0; run < kRuns; ++run)
            for (int i = 0; i < length; ++i)
                for (int c = 0; c < n; ++c) {
                    const std::size_t at = (static_cast<std::size_t>(run) * length + i) * n + c;
                    multipliers[at] = i % k.group ? multipliers[at - n]
                                                  : static_cast<std::uint8_t>(1 + random.below(k.multiplier));
                }
    }

    bool grouped() const { return kind.group > 0; }
    int product_at(std::size_t i) const { return codes[i] * (grouped() ? multipliers[i] : 1); }

    IntegerWeights pack(const Kernels& kernels) const {
        return {kernels, kind.format, CodeMatrix{kRuns, run_length, channels, codes, multipliers, kind.group},
                range};
    }

    /// rows x cols x channels, with a gap of three between pixels and five between rows, canaries around.
    /// Summed over `runs` runs from first_run on.
    std::vector<std::int32_t> run(const Kernels& kernels, int first_run = 0, int runs = kRuns) const {
        const IntegerWeights weights = pack(kernels);
        REQUIRE((runs == kRuns || weights.runs_are_separate()));
        std::vector<std::int8_t> buffer(weights.panels() * weights.expanded_panel_bytes());
        const int panels = weights.panels();
        // In two calls, so that products of a part of the panels are used, too.
        std::vector<std::int32_t> out(static_cast<std::size_t>(grid.rows * row_stride()) + 32, -77);
        const int first = panels > 2 ? panels / 2 : 0;
        for (int begin : {0, first}) {
            const int end = begin == 0 && first ? first : panels;
            IntegerProduct q =
                weights.product(begin, end - begin, weights.expanded(begin, end - begin, buffer.data()));
            q.operand = stored.data() + first_run * operand.run_stride;
            q.weights += first_run * weights.expanded_run_bytes();
            q.runs = runs;
            q.pixels = operand.pixels;
            q.run_stride = operand.run_stride;
            q.out = out.data() + 16 + begin * kPanel;
            q.out_row_stride = row_stride();
            q.out_col_stride = channels + 3;
            kernels.integer_product(q);
            if (runs == kRuns && weights.multiplied_packed()) check_packed(kernels, weights, begin, q, out);
            if (!first) break;
        }
        return out;
    }
    /// packed_product gives the same sums, and leaves the same panels if it is asked to.
    void check_packed(const Kernels& kernels, const IntegerWeights& weights, int panel, IntegerProduct q,
                      const std::vector<std::int32_t>& expected) const {
        const std::size_t bytes =
            static_cast<std::size_t>((q.channels + kPanel - 1) / kPanel) * weights.expanded_panel_bytes();
        const std::vector<std::int8_t> expanded(q.weights, q.weights + bytes);
        for (bool keep : {false, true}) {
            std::vector<std::int8_t> buffer(bytes, 85);
            auto out = expected;
            for (int row = 0; row < grid.rows; ++row)
                for (int col = 0; col < grid.cols; ++col)
                    std::fill_n(out.data() + (q.out - expected.data()) + row * q.out_row_stride +
                                    col * q.out_col_stride,
                                q.channels, -1);
            auto packed = q;
            packed.weights = buffer.data();
            packed.out = out.data() + (q.out - expected.data());
            kernels.packed_product({packed, weights.packed(), panel, buffer.data(), keep});
            CHECK(out == expected);
            if (keep) CHECK(buffer == expanded);
        }
    }
    std::ptrdiff_t row_stride() const { return static_cast<std::ptrdiff_t>(grid.cols) * (channels + 3) + 5; }

    std::vector<std::int32_t> brute_force(int first_run = 0, int runs = kRuns) const {
        std::vector<std::int32_t> out(static_cast<std::size_t>(grid.rows * row_stride()) + 32, -77);
        for (int row = 0; row < grid.rows; ++row)
            for (int col = 0; col < grid.cols; ++col)
                for (int n = 0; n < channels; ++n) {
                    std::int64_t sum = 0;
                    for (int r = first_run; r < first_run + runs; ++r)
                        for (int k = 0; k < run_length; ++k) {
                            const std::ptrdiff_t x = row * operand.pixels.row_stride +
                                                     col * operand.pixels.col_stride +
                                                     r * operand.run_stride + k;
                            sum += static_cast<std::int64_t>(stored[x] - range.offset) *
                                   product_at((static_cast<std::size_t>(r) * run_length + k) * channels + n);
                        }
                    out[16 + row * row_stride() + col * (channels + 3) + n] = static_cast<std::int32_t>(sum);
                }
        return out;
    }
};

template <class Check>
void for_problems(Check check) {
    std::uint32_t index = 0;
    for (const WeightKind& kind : kWeights)
        for (const OperandRange& range : kOperands)
            for (int length : {1, 3, 9, 12, 16, 48, 64, 96, 192, 579})
                for (int channels : {1, 10, 16, 17, 32, 64, 100})
                    for (const Grid& grid : kGrids) {
                        ++index;
                        const Layout layout = kLayouts[index % 3];
                        // One in 17 combinations: no list is as long, so sizes still meet each other in every
                        // pair of dimensions.
                        if (index % 17 || !wanted(index)) continue;
                        if (kind.group > 0 && length % kind.group) continue;
                        CAPTURE(static_cast<int>(kind.format));
                        CAPTURE(kind.group);
                        CAPTURE(range.highest);
                        CAPTURE(range.offset);
                        CAPTURE(length);
                        CAPTURE(channels);
                        CAPTURE(grid.rows);
                        CAPTURE(grid.cols);
                        CAPTURE(static_cast<int>(layout));
                        check(Problem(grid, length, channels, layout, kind, range, index));
                    }
}

TEST_CASE("integer products: the reference computes what plain loops compute") {
    for_problems([](const Problem& p) { CHECK(p.run(reference_kernels()) == p.brute_force()); });
}

TEST_CASE("integer products: every architecture gives the reference's integers") {
    const auto others = contenders();
    for_problems([&](const Problem& p) {
        const std::vector<std::int32_t> expected = p.run(reference_kernels());
        for (const Kernels* kernels : others) {
            CAPTURE(kernels->name);
            CHECK(p.run(*kernels) == expected);
        }
    });
}

TEST_CASE("integer products: the same integers from the amx kernels over emulated tiles") {
    MESSAGE(
        "tiles are emulated in plain C++: this checks packing, tiling, tails and borders, not the "
        "instructions");
    for_problems([](const Problem& p) { CHECK(p.run(emulated_amx()) == p.run(reference_kernels())); });
}

TEST_CASE("integer products: over some of the runs, as beside a border of zeros") {
    auto all = contenders();
    all.push_back(&reference_kernels());
    all.push_back(&emulated_amx());
    int parts = 0;
    for_problems([&](const Problem& p) {
        if (p.range.offset != 0) return;  // a border that is left out is of zeros
        for (const Kernels* kernels : all) {
            if (!p.pack(*kernels).runs_are_separate()) continue;
            CAPTURE(kernels->name);
            CHECK(p.run(*kernels, 1, 2) == p.brute_force(1, 2));
            CHECK(p.run(*kernels, 0, 1) == p.brute_force(0, 1));
            ++parts;
        }
    });
    CHECK(parts > 100);
}

TEST_CASE("integer products: groups whose quads are no power of two, for channels as 12, 24 or 48") {
    const auto others = contenders();
    std::uint32_t stream = 5000;
    for (const WeightFormat format : {WeightFormat::ternary, WeightFormat::s4})
        for (int group : {12, 20, 24, 36, 48})
            for (int groups : {1, 2, 3})
                for (int channels : {10, 33}) {
                    const bool ternary = format == WeightFormat::ternary;
                    const WeightKind kind{
                        format, ternary ? -1 : -8, ternary ? 1 : 7, ternary ? 127 : 15, group, false};
                    const Problem p(kGrids[0], group * groups, channels, kLayouts[0], kind, kOperands[1],
                                    ++stream);
                    CAPTURE(group);
                    CAPTURE(groups);
                    const auto expected = p.brute_force();
                    CHECK(p.run(reference_kernels()) == expected);
                    for (const Kernels* kernels : others) CHECK(p.run(*kernels) == expected);
                    CHECK(p.run(emulated_amx()) == expected);
                }
}

TEST_CASE("packed weights: bytes are what the format says") {
    const std::vector<std::int8_t> codes(3 * 64 * 32, 1);
    const auto bytes = [&](WeightFormat format, std::span<const std::uint8_t> multipliers, int group) {
        return IntegerWeights(reference_kernels(), format, CodeMatrix{3, 64, 32, codes, multipliers, group},
                              {255, 0})
            .bytes();
    };
    CHECK(bytes(WeightFormat::s8, {}, 0) == codes.size());
    CHECK(bytes(WeightFormat::s4, {}, 0) == codes.size() / 2);
    CHECK(bytes(WeightFormat::ternary, {}, 0) == codes.size() / 4);
    const std::vector<std::uint8_t> multipliers(codes.size(), 3);
    CHECK(bytes(WeightFormat::ternary, multipliers, 16) == codes.size() / 4 + codes.size() / 16);
}

TEST_CASE("packed weights: codes that do not fit are refused") {
    const auto pack = [](WeightFormat format, std::int8_t code, std::vector<std::uint8_t> multipliers) {
        const std::vector<std::int8_t> codes(16, code);
        IntegerWeights(reference_kernels(), format, CodeMatrix{1, 4, 4, codes, multipliers, 4}, {255, 0});
    };
    CHECK_THROWS_AS(pack(WeightFormat::s4, 8, {}), BadInput);
    CHECK_THROWS_AS(pack(WeightFormat::ternary, -2, {}), BadInput);
    CHECK_THROWS_AS(pack(WeightFormat::s4, 7, std::vector<std::uint8_t>(16, 20)), BadInput);
    CHECK_THROWS_AS(pack(WeightFormat::s4, 7, std::vector<std::uint8_t>(16, 0)), BadInput);
    CHECK_NOTHROW(pack(WeightFormat::s4, -8, std::vector<std::uint8_t>(16, 16)));
}

// ---- what follows a product ----

struct FinishCase {
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

Finished run_finish(const Kernels& kernels, const FinishCase& c, std::uint32_t stream) {
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
    Finish f{};
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
    kernels.finish(f);
    return out;
}

TEST_CASE("finish: every architecture gives the reference's bits") {
    constexpr std::array<Clamp, 5> kClamps{kRelu, {}, {0, 0.75f}, {-0.5f, 1}, {0.25f}};
    const auto others = contenders();
    std::uint32_t index = 0;
    for (int channels : {1, 3, 8, 10, 16, 17, 31, 32, 48, 64})
        for (int cols : {1, 2, 8, 9})
            for (int what = 0; what < 32; ++what)
                for (Rounding rounding : {Rounding::nearest_even, Rounding::half_up, Rounding::floor}) {
                    const FinishCase c{1 + what % 3,
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
                    const Finished expected = run_finish(reference_kernels(), c, index);
                    for (const Kernels* kernels : others) {
                        CAPTURE(kernels->name);
                        CAPTURE(channels);
                        CAPTURE(cols);
                        CAPTURE(what);
                        const Finished got = run_finish(*kernels, c, index);
                        CHECK(same_bits(got.real, expected.real));
                        CHECK(got.codes == expected.codes);
                    }
                }
}

TEST_CASE("quantize: every architecture gives the reference's codes, and NaN the lowest") {
    auto tables = contenders();
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
    Finish f{};
    f.rows = 1, f.cols = 2, f.channels = 3;
    f.sums = {sums.data(), 6, 3};
    f.scale = scale.data(), f.shift = shift.data();
    f.codes = {to.data(), 6, 3, multipliers.data(), 0, 255, 0, Rounding::floor};
    reference_kernels().finish(f);
    CHECK(to == std::vector<std::uint8_t>{2, 4, 9, 0, 8, 25});
    // The first channel has the pixel's last sum as an extra term, the others have none.
    const std::vector<std::int32_t> columns = {2, -1, -1};
    const std::vector<float> extra_scale = {10, 0, 0};
    const ExtraSums extra{columns.data(), extra_scale.data()};
    f.extra = &extra, f.extra_count = 1;
    reference_kernels().finish(f);
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
