#include "experiments/runs/cell.hpp"

#include <doctest/doctest.h>

#include "engine/core/error.hpp"

using namespace nibble;

TEST_CASE("a cell's name has five parts and reads back as the same cell") {
    const Cell cell = cell_from("aqt/resnet20-w0.5--cifar10--w4a4e8--s12");
    CHECK(cell == Cell{"aqt", "resnet20-w0.5", "cifar10", "w4a4e8", 12});
    CHECK(cell.name() == "aqt/resnet20-w0.5--cifar10--w4a4e8--s12");
    CHECK(cell.leaf() == "resnet20-w0.5--cifar10--w4a4e8--s12");
    const Cell largest{"p", "m-projection", "d", "x_y.z", 18446744073709551615u};
    CHECK(cell_from(largest.name()) == largest);
}

TEST_CASE("what is not the name of a cell is refused") {
    for (const char* name :
         {"", "baseline", "baseline/", "/resnet20--cifar10--f32--s0", "baseline/resnet20--cifar10--f32",
          "baseline/resnet20--cifar10--f32--0", "baseline/resnet20--cifar10--f32--s",
          "baseline/resnet20--cifar10--f32--s-1", "baseline/resnet20--cifar10--f32--s00",
          "baseline/resnet20--cifar10--f32--s0x", "baseline/resnet20--cifar10--f32--s18446744073709551616",
          "baseline/resnet20---cifar10--f32--s0", "baseline/resnet20--cifar10--f32--s0--s0",
          "baseline/../x--cifar10--f32--s0", "baseline/..--cifar10--f32--s0",
          "Baseline/resnet20--cifar10--f32--s0", "baseline/resnet20--cifar 10--f32--s0",
          "baseline/resnet20--cifar10--f32--s0\n"})
        CHECK_THROWS_AS(cell_from(name), BadInput);
}
