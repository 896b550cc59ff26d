// The main of nibble_tests. Every tests/**/*.cpp is linked in and runs as one ctest entry of its own.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include "engine/core/parallel.hpp"
#include "tests/helpers/skip.hpp"

int main(int argc, char** argv) {
    nibble::flush_denormals();  // as every worker thread and the command line do
    doctest::Context context(argc, argv);
    const int status = context.run();
    return status == 0 && nibble::test::anything_skipped ? nibble::test::kSkipped : status;
}
