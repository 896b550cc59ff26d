// The same bits everywhere: threads and instruction sets. (Compilers: both builds meet the golden file.
// Killed and resumed: tests/experiments.)
#include <doctest/doctest.h>

#include "engine/core/parallel.hpp"
#include "engine/kernels/dispatch.hpp"
#include "tests/helpers/skip.hpp"
#include "tests/helpers/trajectory.hpp"

using namespace nibble;

namespace {

/// Restores threads and architecture, which are the process's.
struct Restore {
    int threads_before = threads();
    std::string architecture = kernels::active().name;
    ~Restore() {
        set_threads(threads_before);
        kernels::choose(architecture);
    }
};

}  // namespace

TEST_CASE("training gives one digest for 1, 2, 3 and 7 threads") {
    const Restore restore;
    for (const std::string& family : test::trajectory_families()) {
        CAPTURE(family);
        set_threads(1);
        const test::Trajectory one = test::trajectory(family);
        for (int n : {2, 3, 7}) {
            set_threads(n);
            CAPTURE(n);
            const test::Trajectory many = test::trajectory(family);
            CHECK(many.first_difference(one.lines()) == "");
            CHECK(many.digest == one.digest);
        }
    }
}

TEST_CASE("training gives one digest on every architecture") {
    const Restore restore;
    for (const std::string& family : test::trajectory_families()) {
        CAPTURE(family);
        kernels::choose("reference");
        const test::Trajectory reference = test::trajectory(family);
        for (const kernels::Architecture& architecture : kernels::architectures()) {
            if (!architecture.supported) {
                nibble::test::skipped(architecture.name + " (this machine lacks it)");
                continue;
            }
            kernels::choose(architecture.name);
            CAPTURE(architecture.name);
            const test::Trajectory fast = test::trajectory(family);
            CHECK(fast.first_difference(reference.lines()) == "");
            CHECK(fast.digest == reference.digest);
        }
    }
}
