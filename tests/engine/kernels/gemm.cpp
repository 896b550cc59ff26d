// gemm_f32 and gemm_bf16 of every architecture against the reference, bit for bit.
#include "engine/kernels/packing.hpp"
#include "tests/engine/kernels/contenders.hpp"
#include "tests/engine/kernels/emulated_tiles.hpp"
#include "tests/engine/kernels/geometry.hpp"

namespace nibble::kernels::test {
namespace {

constexpr int kRuns = 3;

struct Case {
    Grid grid;
    int run_length, channels;
    Layout layout;
    Kind kind;
    bool spread_out;  ///< outputs two pixels and two rows apart, as the gradient of a strided convolution
                      ///< writes them
    int first_run;    ///< runs [first_run, kRuns) only
    bool areas;       ///< f32: pixels at the grid's sides lack terms
};

/// One case with everything it needs, for one table after the other.
class Problem {
  public:
    Problem(const Case& c, bool bf16, std::uint32_t stream)
        : case_(c),
          bf16_(bf16),
          operand_(c.grid, kRuns, c.run_length, c.layout),
          values_(draw(operand_.elements + kSlack, c.kind, 2 * stream)),
          matrix_(draw(static_cast<std::size_t>(kRuns) * c.run_length * c.channels, c.kind, 2 * stream + 1)),
          out_col_stride_(c.spread_out ? 2 * c.channels : c.channels),
          out_row_stride_(c.grid.cols * out_col_stride_ * (c.spread_out ? 2 : 1)) {}

    /// The output buffer, canaries and all.
    std::vector<float> run(const Kernels& kernels) const {
        PackedWeights weights(kernels, bf16_, kRuns, case_.run_length, case_.channels);
        std::vector<float> matrix = matrix_;
        weights.pack(matrix);
        const std::size_t start = static_cast<std::size_t>(case_.first_run * operand_.run_stride);
        const Bf16Operand rounded(kernels, bf16_ ? values_ : std::vector<float>{});
        std::vector<float> out =
            canaries<float>(kMargin + static_cast<std::size_t>(case_.grid.rows * out_row_stride_) + kMargin);
        const std::vector<Area> areas = areas_of_case();
        const Gemm gemm{.operand = bf16_ ? rounded.at(start) : values_.data() + start,
                        .pixels = operand_.pixels,
                        .runs = kRuns - case_.first_run,
                        .run_stride = operand_.run_stride,
                        .run_length = case_.run_length,
                        .weights = weights.from_run(case_.first_run),
                        .panel_stride = weights.panel_stride(),
                        .channels = case_.channels,
                        .out = out.data() + kMargin,
                        .out_row_stride = out_row_stride_,
                        .out_col_stride = out_col_stride_,
                        .areas = areas.empty() ? nullptr : areas.data(),
                        .area_count = static_cast<int>(areas.size())};
        (bf16_ ? kernels.gemm_bf16 : kernels.gemm_f32)(gemm);
        return out;
    }

    /// Whether all that lies between and around the outputs is untouched.
    bool only_outputs(const std::vector<float>& out) const {
        std::vector<float> wiped = out;
        for (int r = 0; r < case_.grid.rows; ++r)
            for (int c = 0; c < case_.grid.cols; ++c)
                for (int n = 0; n < case_.channels; ++n)
                    wiped[kMargin + static_cast<std::size_t>(r * out_row_stride_ + c * out_col_stride_ + n)] =
                        canaries<float>(1)[0];
        return same_bits(wiped, canaries<float>(out.size()));
    }

    const Operand& operand() const { return operand_; }
    const std::vector<float>& values() const { return values_; }
    const std::vector<float>& matrix() const { return matrix_; }
    const float* output(const std::vector<float>& out, int row, int col) const {
        return out.data() + kMargin + row * out_row_stride_ + col * out_col_stride_;
    }

  private:
    static constexpr std::size_t kMargin = 64;

    /// Halves of columns lack a third of k, the first row has one run; of a lone row, the last area no terms.
    std::vector<Area> areas_of_case() const {
        std::vector<Area> areas;
        if (!case_.areas || bf16_) return areas;
        const int runs = kRuns - case_.first_run, length = case_.run_length, third = length / 3;
        const int rows = case_.grid.rows, cols = case_.grid.cols, middle = cols - cols / 2;
        for (int row = 0; row < rows; row += row == 0 ? 1 : rows - 1) {
            const int count = row == 0 ? 1 : rows - 1, first_run = row == 0 ? runs - 1 : 0;
            areas.push_back({row, 0, count, middle, first_run, runs, third, length});
            if (middle < cols)
                areas.push_back({row, middle, count, cols - middle, first_run, runs, 0, length - third});
        }
        if (rows == 1)
            areas.back().end_run = areas.back().first_run = areas.back().end_k = areas.back().first_k = 0;
        return areas;
    }

    Case case_;
    bool bf16_;
    Operand operand_;
    std::vector<float> values_, matrix_;
    std::ptrdiff_t out_col_stride_, out_row_stride_;
};

std::string describe(const Case& c, const Kernels& kernels, bool bf16) {
    return std::string(kernels.name) + (bf16 ? " bf16" : " f32") + ", grid " + std::to_string(c.grid.rows) +
           "x" + std::to_string(c.grid.cols) + ", run " + std::to_string(c.run_length) + ", channels " +
           std::to_string(c.channels) + ", layout " + std::to_string(static_cast<int>(c.layout)) +
           ", values " + std::to_string(static_cast<int>(c.kind)) + (c.spread_out ? ", spread out" : "") +
           ", from run " + std::to_string(c.first_run) + (c.areas ? ", areas" : "");
}

void compare(const std::vector<const Kernels*>& tables, bool bf16, std::uint32_t every = 1) {
    std::uint32_t stream = 0;
    for (const int channels : kChannels)
        for (const int run_length : kRunLengths)
            for (const Grid grid : kGrids)
                for (const Layout layout : kLayouts) {
                    // kinds, strides and runs take turns: each meets every size and layout
                    if (!wanted(++stream) || stream % every) continue;
                    const Case c{grid,
                                 run_length,
                                 channels,
                                 layout,
                                 kKinds[stream % 4],
                                 stream % 5 == 0,
                                 static_cast<int>(stream % 7 == 0),
                                 stream % 3 == 0};
                    const Problem problem(c, bf16, stream);
                    const std::vector<float> expected = problem.run(reference_kernels());
                    for (const Kernels* kernels : tables) {
                        const bool same = same_bits(problem.run(*kernels), expected);
                        CHECK_MESSAGE(same, describe(c, *kernels, bf16));
                    }
                }
}

/// The tolerance of a float sum in any order: units in the last place times the sum of magnitudes.
void check_against_doubles(const Case& c, bool bf16) {
    const Problem problem(c, bf16, 1);
    const std::vector<float> out = problem.run(reference_kernels());
    CHECK(problem.only_outputs(out));
    const auto value = [&](float x) { return static_cast<double>(bf16 ? to_float(to_bf16(x)) : x); };
    const Operand& operand = problem.operand();
    double worst = 0.0;
    for (int row = 0; row < c.grid.rows; ++row)
        for (int col = 0; col < c.grid.cols; ++col)
            for (int n = 0; n < c.channels; ++n) {
                double sum = 0.0, magnitude = 0.0;
                for (int r = c.first_run; r < kRuns; ++r)
                    for (int k = 0; k < c.run_length; ++k) {
                        const std::ptrdiff_t at = row * operand.pixels.row_stride +
                                                  col * operand.pixels.col_stride + r * operand.run_stride +
                                                  k;
                        const double term = value(problem.values()[static_cast<std::size_t>(at)]) *
                                            value(problem.matrix()[static_cast<std::size_t>(
                                                (r * c.run_length + k) * c.channels + n)]);
                        sum += term;
                        magnitude += term < 0 ? -term : term;
                    }
                const double error = static_cast<double>(problem.output(out, row, col)[n]) - sum;
                worst = std::max(worst, (error < 0 ? -error : error) / magnitude);
            }
    CHECK(worst > 0.0);  // or nothing was compared
    CHECK(worst < 1e-6);
}

}  // namespace

TEST_CASE("reference products are close to sums in double precision, and touch nothing else") {
    for (const bool bf16 : {false, true}) {
        check_against_doubles({{3, 7}, 33, 17, Layout::dense, Kind::ordinary, false, 0, false}, bf16);
        check_against_doubles({{3, 7}, 48, 16, Layout::strided, Kind::ordinary, true, 1, false}, bf16);
        check_against_doubles({{5, 4}, 9, 10, Layout::ragged, Kind::wide, false, 2, false}, bf16);
    }
}

TEST_CASE("f32 gemm: the same bits on every architecture") {
    compare(contenders(), false);
}

TEST_CASE("bf16 gemm: the same bits on every architecture") {
    compare(contenders(), true);
}

TEST_CASE("gemm: the same bits from the vector kernels over emulated vectors") {
    // Emulated vectors are slow, so they compute a part of the cases; sizes, layouts and kinds of values still meet.
    for (bool bf16 : {false, true}) compare(kEmulatedPairs, bf16, 13);
}

TEST_CASE("bf16 gemm: the same bits from the amx kernels over emulated tiles") {
    MESSAGE(
        "tiles are emulated in plain C++: this checks packing, tiling, tails and borders, not the "
        "instructions");
    compare({&emulated_amx()}, true);
}

}  // namespace nibble::kernels::test
