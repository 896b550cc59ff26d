#include "experiments/mmse/methods.hpp"

#include <doctest/doctest.h>

#include "synthetic.hpp"

using namespace nibble;
using Synthetic = test::MmseCells;

TEST_CASE("a method without draws stands beside every draw of another") {
    const ResultTable table = Synthetic({"a", "b"}, {"f32", "w8a8", "w4a4"}, 3)
                                  .set("a", "f32", {90})
                                  .set("a", "w8a8", {89, 88, 87})
                                  .set("a", "w4a4", {80, 81})
                                  .table();
    CHECK(table.differences("a", "w8a8", "f32") == std::vector<double>{-1, -2, -3});
    CHECK(table.differences("a", "w4a4", "w8a8") == std::vector<double>{-9, -7});  // draws that both have
    CHECK(table.differences("b", "w8a8", "f32").empty());
    CHECK(table.differences("a", "w3a3", "f32").empty());
    CHECK(table.values("a", "w8a8") == std::vector<double>{89, 88, 87});
    CHECK(table.in_grid("b", "w4a4"));
    CHECK(!table.in_grid("b", "w3a3"));
    CHECK(table.largest_with({"f32", "w4a4"}) == "a");
    CHECK(table.largest_with({"w3a3"}).empty());
}

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
