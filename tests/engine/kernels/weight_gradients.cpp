// weight_gradient_f32 and weight_gradient_bf16 of every architecture against the reference, bit for bit.
#include "tests/engine/kernels/contenders.hpp"
#include "tests/engine/kernels/emulated_tiles.hpp"
#include "tests/engine/kernels/geometry.hpp"

namespace nibble::kernels::test {
namespace {

struct Case {
    Grid grid;
    int run_length, channels;
    Layout layout;
    Kind kind;
};

class Problem {
  public:
    Problem(const Case& c, bool bf16, std::uint32_t stream)
        : case_(c),
          bf16_(bf16),
          padded_((c.channels + kPanel - 1) / kPanel * kPanel),
          operand_(c.grid, 1, c.run_length, c.layout),
          values_(draw(operand_.elements + kSlack, c.kind, 3 * stream)),
          // dy has a border of one pixel on the right, as the operand of the data gradient has
          dy_row_stride_(static_cast<std::ptrdiff_t>(c.grid.cols + 1) * c.channels),
          dy_(draw(static_cast<std::size_t>(c.grid.rows * dy_row_stride_) + kSlack, c.kind, 3 * stream + 1)),
          start_(draw(static_cast<std::size_t>(c.run_length) * padded_, c.kind, 3 * stream + 2)) {}

    /// Margin, gradient (junk channels wiped), margin.
    std::vector<float> run(const Kernels& kernels) const {
        const Bf16Operand operand(kernels, bf16_ ? values_ : std::vector<float>{});
        const Bf16Operand dy(kernels, bf16_ ? dy_ : std::vector<float>{});
        std::vector<float> gradient = canaries<float>(kMargin + start_.size() + kMargin);
        std::copy(start_.begin(), start_.end(), gradient.begin() + kMargin);
        const WeightGradient q{.operand = bf16_ ? operand.at(0) : values_.data(),
                               .pixels = operand_.pixels,
                               .run_length = case_.run_length,
                               .dy = bf16_ ? dy.at(0) : dy_.data(),
                               .dy_row_stride = dy_row_stride_,
                               .dy_col_stride = case_.channels,
                               .channels = case_.channels,
                               .gradient = gradient.data() + kMargin,
                               .gradient_stride = padded_};
        (bf16_ ? kernels.weight_gradient_bf16 : kernels.weight_gradient_f32)(q);
        for (int k = 0; k < case_.run_length; ++k)
            for (int n = case_.channels; n < padded_; ++n) gradient[index(k, n)] = 0.0f;
        return gradient;
    }

    /// The largest error of a gradient, relative to the sum of magnitudes.
    double worst_error(const std::vector<float>& gradient) const {
        const auto value = [&](float x) { return static_cast<double>(bf16_ ? to_float(to_bf16(x)) : x); };
        double worst = 0.0;
        for (int k = 0; k < case_.run_length; ++k)
            for (int n = 0; n < case_.channels; ++n) {
                double sum = static_cast<double>(start_[index(k, n) - kMargin]),
                       magnitude = sum < 0 ? -sum : sum;
                for (int r = 0; r < case_.grid.rows; ++r)
                    for (int c = 0; c < case_.grid.cols; ++c) {
                        const std::ptrdiff_t x =
                            r * operand_.pixels.row_stride + c * operand_.pixels.col_stride + k;
                        const std::ptrdiff_t d = r * dy_row_stride_ + c * case_.channels + n;
                        const double term = value(values_[static_cast<std::size_t>(x)]) *
                                            value(dy_[static_cast<std::size_t>(d)]);
                        sum += term;
                        magnitude += term < 0 ? -term : term;
                    }
                const double error = static_cast<double>(gradient[index(k, n)]) - sum;
                worst = std::max(worst, (error < 0 ? -error : error) / magnitude);
            }
        return worst;
    }

  private:
    static constexpr std::size_t kMargin = 64;

    std::size_t index(int k, int n) const { return kMargin + static_cast<std::size_t>(k * padded_ + n); }

    Case case_;
    bool bf16_;
    int padded_;
    Operand operand_;
    std::vector<float> values_;
    std::ptrdiff_t dy_row_stride_;
    std::vector<float> dy_, start_;
};

void compare(const std::vector<const Kernels*>& tables, bool bf16, std::uint32_t every = 1) {
    std::uint32_t stream = 0;
    for (const int channels : kChannels)
        for (const int run_length : kRunLengths)
            for (const Grid grid : kGrids)
                for (const Layout layout : kLayouts) {
                    if (!wanted(++stream) || stream % every) continue;
                    const Case c{grid, run_length, channels, layout, kKinds[stream % 4]};
                    const Problem problem(c, bf16, stream);
                    const std::vector<float> expected = problem.run(reference_kernels());
                    for (const Kernels* kernels : tables) {
                        const bool same = same_bits(problem.run(*kernels), expected);
                        CHECK_MESSAGE(same, kernels->name << (bf16 ? " bf16" : " f32") << ", grid "
                                                          << grid.rows << "x" << grid.cols << ", run "
                                                          << run_length << ", channels " << channels
                                                          << ", layout " << static_cast<int>(layout)
                                                          << ", values " << static_cast<int>(c.kind));
                    }
                }
}

}  // namespace

TEST_CASE("reference weight gradients are close to sums in double precision") {
    for (const bool bf16 : {false, true})
        for (const Layout layout : kLayouts) {
            const Problem problem({{5, 9}, 33, 17, layout, Kind::ordinary}, bf16, 1);
            const double worst = problem.worst_error(problem.run(reference_kernels()));
            CHECK(worst > 0.0);  // or nothing was compared
            CHECK(worst < 1e-6);
        }
}

TEST_CASE("f32 weight gradients: the same bits on every architecture") {
    compare(contenders(), false);
}

TEST_CASE("bf16 weight gradients: the same bits on every architecture") {
    compare(contenders(), true);
}

TEST_CASE("weight gradients: the same bits from the vector kernels over emulated vectors") {
    // Emulated vectors are slow, so they compute a part of the cases; sizes, layouts and kinds of values still meet.
    for (bool bf16 : {false, true}) compare(kEmulatedPairs, bf16, 13);
}

TEST_CASE("bf16 weight gradients: the same bits from the amx kernels over emulated tiles") {
    MESSAGE("tiles are emulated in plain C++: this checks layouts, tails and borders, not the instructions");
    compare({&emulated_amx()}, true);
}

}  // namespace nibble::kernels::test
