// Integer products and packed weights: the reference against plain loops over unpacked codes, and every architecture
// against the reference.
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
        std::vector<std::int8_t> buffer(weights.panels() * weights.unpacked_panel_bytes());
        const int panels = weights.panels();
        // In two calls, so that products of a part of the panels are used, too.
        std::vector<std::int32_t> out(static_cast<std::size_t>(grid.rows * row_stride()) + 32, -77);
        const int first = panels > 2 ? panels / 2 : 0;
        for (int begin : {0, first}) {
            const int end = begin == 0 && first ? first : panels;
            IntegerGemm q =
                weights.gemm(begin, end - begin, weights.unpacked(begin, end - begin, buffer.data()));
            q.operand = stored.data() + first_run * operand.run_stride;
            q.weights += first_run * weights.unpacked_run_bytes();
            q.runs = runs;
            q.pixels = operand.pixels;
            q.run_stride = operand.run_stride;
            q.out = out.data() + 16 + begin * kPanel;
            q.out_row_stride = row_stride();
            q.out_col_stride = channels + 3;
            kernels.integer_gemm(q);
            if (runs == kRuns && weights.multiplied_packed()) check_packed(kernels, weights, begin, q, out);
            if (!first) break;
        }
        return out;
    }
    /// packed_gemm gives the same sums, and leaves the same panels if it is asked to.
    void check_packed(const Kernels& kernels, const IntegerWeights& weights, int panel, IntegerGemm q,
                      const std::vector<std::int32_t>& expected) const {
        const std::size_t bytes =
            static_cast<std::size_t>((q.channels + kPanel - 1) / kPanel) * weights.unpacked_panel_bytes();
        const std::vector<std::int8_t> unpacked(q.weights, q.weights + bytes);
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
            kernels.packed_gemm({packed, weights.packed(), panel, buffer.data(), keep});
            CHECK(out == expected);
            if (keep) CHECK(buffer == unpacked);
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
void for_problems(Check check, std::uint32_t every = 1) {
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
                        if (index % (17 * every) || !wanted(index)) continue;
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

TEST_CASE("integer gemm: the reference computes what plain loops compute") {
    for_problems([](const Problem& p) { CHECK(p.run(reference_kernels()) == p.brute_force()); });
}

TEST_CASE("integer gemm: every architecture gives the reference's integers") {
    const auto others = contenders();
    for_problems([&](const Problem& p) {
        const std::vector<std::int32_t> expected = p.run(reference_kernels());
        for (const Kernels* kernels : others) {
            CAPTURE(kernels->name);
            CHECK(p.run(*kernels) == expected);
        }
    });
}

TEST_CASE("integer gemm: the same integers from the amx kernels over emulated tiles") {
    MESSAGE(
        "tiles are emulated in plain C++: this checks packing, tiling, tails and borders, not the "
        "instructions");
    for_problems([](const Problem& p) { CHECK(p.run(emulated_amx()) == p.run(reference_kernels())); });
}

TEST_CASE("integer gemm: the same integers from the vector kernels over emulated vectors") {
    // They are slow: one in three problems.
    for_problems(
        [](const Problem& p) {
            const std::vector<std::int32_t> expected = p.run(reference_kernels());
            for (const Kernels* kernels : kEmulatedVectors) {
                CAPTURE(kernels->name);
                CHECK(p.run(*kernels) == expected);
            }
        },
        3);
}

TEST_CASE("integer gemm: over some of the runs, as beside a border of zeros") {
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

TEST_CASE("integer gemm: groups whose k4s are no power of two, for channels as 12, 24 or 48") {
    auto others = contenders();
    others.push_back(&emulated_amx());
    others.insert(others.end(), kEmulatedVectors.begin(), kEmulatedVectors.end());
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

}  // namespace
}  // namespace nibble::kernels::test
