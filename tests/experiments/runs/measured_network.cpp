#include "experiments/runs/measured_network.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "engine/core/file.hpp"
#include "experiments/pipeline/files/network_file.hpp"

using namespace nibble;

TEST_CASE("every network that is kept beside a result belongs to it and can be read") {
    const Project project(NIBBLE_SOURCE_DIR);
    std::size_t kept = 0;
    for (const ProfileCell& cell : list_cells(project, "", "")) {
        const std::filesystem::path path = kept_network(project, cell);
        if (!is_there(path)) continue;
        ++kept;
        CAPTURE(path.string());
        const Result result = read_result(project.result(cell.profile, cell.cell.cell));
        CHECK_NOTHROW(measured_network(project, cell, result));
        CHECK(open_network(path.string(), {}).integers.has_value() == result.ran_as_integers());
    }
    CHECK(kept > 0);
}
