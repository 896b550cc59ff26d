// Where values live while an image passes: one arena, places reused as soon as nobody reads them any more.
#pragma once

#include <cstddef>
#include <vector>

namespace nibble {

/// A block of memory needed from step `first` to step `last`, both included.
struct Lifetime {
    std::size_t bytes = 0;
    int first = 0, last = 0;
};

struct MemoryPlan {
    std::vector<std::size_t> offsets;  ///< multiples of 64
    std::size_t bytes = 0;
};

/// Places the blocks one after the other, each at the lowest offset that is free all its life.
MemoryPlan plan_memory(const std::vector<Lifetime>& lifetimes);

}  // namespace nibble
