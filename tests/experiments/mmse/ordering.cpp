#include "experiments/mmse/ordering.hpp"

#include <doctest/doctest.h>

#include "synthetic.hpp"

using namespace nibble;

TEST_CASE("steps that hold are counted, the others shown with what the layers did") {
    const ResultTable table = test::MmseCells({"net"}, {"f32", "w4e8", "w4e8-pt", "w4e8-wmaxabs",
                                                        "w4e8-pt-wmaxabs", "w3e8", "w3e8-pt"})
                                  .set("net", "f32", {90})
                                  .set("net", "w4e8", {88}, 0.01)
                                  .set("net", "w4e8-pt", {80}, 0.1)
                                  .set("net", "w4e8-wmaxabs", {89}, 0.02)  // further away, and yet better
                                  .set("net", "w4e8-pt-wmaxabs", {80.01}, 0.2)  // by one image
                                  .set("net", "w3e8", {70}, 0.1)
                                  .table();
    const mmse::Ordering o = mmse::ordering(table);
    CHECK(o.steps == 4);
    CHECK(o.held == 3);
    REQUIRE(o.table.rows.size() == 1);
    CHECK(o.table.rows[0] == std::vector<std::string>{"net", "w4e8", "max-abs to MMSE, per kernel", "89.00",
                                                      "88.00", "-1.00", "+3.01", "1 of 1",
                                                      "+3.01 in middle"});
}
