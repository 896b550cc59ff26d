// Which kernels run: every architecture that was compiled, and the one chosen for this process.
#pragma once

#include <string>
#include <vector>

#include "engine/kernels/table.hpp"

namespace nibble::kernels {

/// One set of kernels, from the plainest to the fastest.
struct Architecture {
    std::string name;  ///< "reference", "avx2", "avxvnni", "avx512", "avx512vnni", "amx"
    bool supported;    ///< this machine can run it
    const Kernels* table;
};

/// All compiled architectures in order of preference, the plainest first.
const std::vector<Architecture>& architectures();

/// The chosen table: NIBBLE_ARCH if set, else the last supported one. Throws Unsupported when NIBBLE_ARCH
/// names an architecture this build or machine lacks.
const Kernels& active();

/// Chooses by name from now on, as NIBBLE_ARCH does. Not while kernels run: packed weights differ between
/// tables.
void choose(const std::string& name);

}  // namespace nibble::kernels
