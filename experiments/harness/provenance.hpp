// Where a result or a program comes from.
#pragma once

#include <string>

#include "experiments/harness/json_fwd.hpp"

namespace nibble {

/// {"git", "compiler", "build", "libraries": {name: version}}. Nothing about the machine, no time.
Json provenance();

/// "bf16-avx2": the arithmetic and the kernels of this process.
std::string executed_as(const std::string& numerics);

}  // namespace nibble
