// Prints the digests of the golden trajectories as JSON: a small program for whoever wants to compare another
// compiler.
#include <cstdio>
#include <exception>

#include "engine/core/json.hpp"
#include "tests/helpers/trajectory.hpp"

int main() try {
    nibble::Json digests;
    for (const std::string& family : nibble::test::trajectory_families())
        digests[family] = nibble::test::trajectory_digest(family);
    std::puts(digests.dump(2).c_str());
    return 0;
} catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
}
