#include "experiments/mmse/methods.hpp"

#include <doctest/doctest.h>

#include "synthetic.hpp"

using namespace nibble;
using Synthetic = test::MmseCells;

TEST_CASE("the error of the weights leaves out layers with wide ends") {
    const ResultTable table =
        Synthetic({"a"}, {"w4e8", "w4"}).set("a", "w4e8", {90}, 0.01).set("a", "w4", {90}, 0.02).table();
    CHECK(mmse::mean_weight_error(*table.results("a", "w4e8").front()) == doctest::Approx(0.01));
    CHECK(mmse::mean_weight_error(*table.results("a", "w4").front()) ==
          doctest::Approx((0.5 + 0.02 + 0.5) / 3));
}

TEST_CASE("methods in words") {
    CHECK(mmse::describe(mmse::method_from("f32")) == "float");
    CHECK(mmse::describe(mmse::method_from("w4e8-pt-wmaxabs")) == "weights per tensor, max-abs");
    CHECK(mmse::describe(mmse::method_from("w4e8-dual10")) == "weights per kernel, MMSE, 10 % dual");
    CHECK(mmse::describe(mmse::method_from("a4e8-apercentile99.9")) == "activations percentile 99.9");
    CHECK(mmse::describe(mmse::method_from("w4a4-r8-cal64")) ==
          "weights per kernel, MMSE; activations MMSE; residuals in 8 bits; 64 images");
}
