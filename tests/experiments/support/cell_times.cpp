#include "experiments/support/cell_times.hpp"

#include <doctest/doctest.h>

#include "engine/core/file.hpp"
#include "tests/helpers/scratch.hpp"

namespace nibble {
namespace {

const CellWork kCell{"quick", "mmse", "resnet8", "glyphs", "w4a8", 1, 2e9};

TEST_CASE("cell times: a cell has one line, its last") {
    const test::Scratch scratch("cell_times");
    const auto path = scratch / "runs/times.csv";
    CHECK(read_times(path).empty());
    CellWork other = kCell;
    other.seed = 2;
    add_time(path, {kCell, 3});
    add_time(path, {other, 4});
    add_time(path, {kCell, 5.25});
    const auto times = read_times(path);
    REQUIRE(times.size() == 2);
    CHECK(times[0].cell.same_cell(other));
    CHECK(times[1].cell.same_cell(kCell));
    CHECK(times[1].seconds == 5.25);
    CHECK(times[1].cell.multiplications == 2e9);
}

TEST_CASE("cell times: a damaged line is no time, and the next one is written all the same") {
    const test::Scratch scratch("cell_times_damage");
    const auto path = scratch / "times.csv";
    write_file(path,
               "quick,mmse,resnet8,glyphs,w4a8,0,nan,5\nquick,mmse,resnet8,glyphs,w4a8,0,3,0\n"
               "quick,mmse,resnet8,glyphs,w4a8,-1,3,5\nquick,mmse,resnet8,glyphs,w4a8,0,3\n,,\n\n"
               "quick,mmse,resnet8,glyphs,w4a8,0,-3,5\nquick,mmse,resnet8,glyphs,w4a8,0,3,5x\n"
               "quick,mmse,resnet8,glyphs,w4a8,0,inf,5");
    CHECK(read_times(path).empty());
    add_time(path, {kCell, 3});
    CHECK(read_times(path).size() == 1);
}

}  // namespace
}  // namespace nibble
