// Relative squared errors and densities of random weights by group size, against figures from another
// program's simulation and against the limits of large groups in closed form.
#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "engine/core/rng.hpp"
#include "engine/quant/fgq/ternarize.hpp"
#include "tests/helpers/random_tensors.hpp"

namespace nibble::fgq {
namespace {

constexpr std::size_t kValues = 1 << 21;

struct Measured {
    double error, density;
};

Measured measure(const std::vector<float>& values, std::size_t group, Rule rule) {
    double error = 0, norm = 0, chosen = 0;
    std::vector<float> magnitudes;
    const std::size_t groups = values.size() / group;
    for (std::size_t g = 0; g < groups; ++g) {
        magnitudes.clear();
        for (std::size_t i = 0; i < group; ++i) magnitudes.push_back(std::abs(values[g * group + i]));
        const Ternary t = ternarize(rule, magnitudes);
        for (float m : magnitudes) {
            const bool in = m > 0 && static_cast<double>(m) >= t.threshold;
            const double d = static_cast<double>(m) - (in ? t.scale : 0);
            error += d * d;
            norm += static_cast<double>(m) * static_cast<double>(m);
            chosen += in;
        }
    }
    return {error / norm, chosen / static_cast<double>(groups * group)};
}

struct Row {
    std::size_t group;
    double exact, density, twn;
};

void check_rows(const std::vector<float>& values, const std::vector<Row>& rows) {
    for (const Row& row : rows) {
        CAPTURE(row.group);
        const Measured exact = measure(values, row.group, Rule::exact);
        CHECK(exact.error == doctest::Approx(row.exact).epsilon(0.01));
        if (row.density > 0) CHECK(exact.density == doctest::Approx(row.density).epsilon(0.01));
        if (row.twn > 0)
            CHECK(measure(values, row.group, Rule::twn).error == doctest::Approx(row.twn).epsilon(0.01));
        CHECK(measure(values, row.group, Rule::exponential).error >= exact.error);
    }
}

TEST_CASE("oracles: Gaussian weights") {
    const std::vector<float> values = test::normal_values(kValues, 1);
    check_rows(values, {{2, 0.0499, 0.750, 0.0590},
                        {4, 0.1006, 0.631, 0.1141},
                        {8, 0.1408, 0.578, 0.1528},
                        {16, 0.1651, 0.558, 0.1721},
                        {32, 0.1774, 0.550, 0.1816},
                        {64, 0.1842, 0.544, 0.1871},
                        {576, 0.1895, 0.541, 0.1910},
                        {4096, 0.1899, 0.540, 0.1914}});
    CHECK(measure(values, 1, Rule::exact).error == 0);
    CHECK(measure(values, 1, Rule::twn).error == 0);
}

TEST_CASE("oracles: Laplace weights, and the exponential rule at its best") {
    const std::vector<float> values = test::laplace_values(kValues, 1);
    check_rows(values, {{2, 0.0427, 0.707, 0.0493},
                        {4, 0.0956, 0.543, 0.1156},
                        {8, 0.1507, 0.451, 0.1945},
                        {16, 0.1972, 0.405, 0.2379},
                        {32, 0.2299, 0.383, 0.2603},
                        {64, 0.2478, 0.375, 0.2715},
                        {576, 0.2624, 0.368, 0.2813},
                        {4096, 0.2643, 0.369, 0.2825}});
    // In the limit both are 1 - 2 / e, with e^-1 of the weights not 0.
    const Measured limit = measure(values, kValues, Rule::exponential);
    CHECK(limit.error == doctest::Approx(1 - 2 / std::exp(1.0)).epsilon(0.01));
    CHECK(limit.density == doctest::Approx(std::exp(-1.0)).epsilon(0.01));
    CHECK(measure(values, kValues, Rule::exact).error == doctest::Approx(limit.error).epsilon(0.001));
}

TEST_CASE("oracles: uniform weights") {
    Random random(22, Purpose::test);
    std::vector<float> values(kValues);
    for (float& v : values) v = 2 * random.uniform() - 1;
    check_rows(values, {{2, 0.0428, 0, 0},
                        {4, 0.0749, 0, 0},
                        {8, 0.0927, 0, 0},
                        {16, 0.1018, 0, 0},
                        {32, 0.1066, 0, 0},
                        {64, 0.1090, 0, 0},
                        {576, 0.1108, 0, 0},
                        {4096, 0.1110, 0, 0}});
}

}  // namespace
}  // namespace nibble::fgq
