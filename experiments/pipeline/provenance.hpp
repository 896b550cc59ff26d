// Where a result or a program comes from.
#pragma once

#include <string>

#include "experiments/support/json_fwd.hpp"

namespace nibble {

/// {"git", "compiler", "build", "libraries": {name: version}}. Nothing about the machine, no time.
Json provenance();

/// "nibble 1cdf5cc, GNU 12.2.0, Release"
std::string version_line();

/// "bf16-avx2": the arithmetic and the kernels of this process.
std::string executed_as(const std::string& numerics);

}  // namespace nibble
