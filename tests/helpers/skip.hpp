// Tests that cannot run here.
#pragma once

#include <doctest/doctest.h>

#include <string>

namespace nibble::test {

/// Exit status of an entry that passed but left something out; ctest then calls it skipped (tests/CMakeLists.txt).
inline constexpr int kSkipped = 77;

/// Whether skipped() was called.
inline bool anything_skipped = false;

/// Says what this machine or folder lacks: "SKIPPED: amx (this machine lacks it)".
inline void skipped(const std::string& what) {
    anything_skipped = true;
    MESSAGE("SKIPPED: " << what);
}

}  // namespace nibble::test
