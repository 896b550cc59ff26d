#include "engine/infer/memory.hpp"

#include <algorithm>

namespace nibble {

MemoryPlan plan_memory(const std::vector<Lifetime>& lifetimes) {
    constexpr std::size_t kAlign = 64;
    const auto rounded = [](std::size_t bytes) { return (bytes + kAlign - 1) / kAlign * kAlign; };
    MemoryPlan plan;
    for (std::size_t i = 0; i < lifetimes.size(); ++i) {
        std::vector<std::size_t> in_the_way;  // earlier blocks alive at the same time, by offset
        for (std::size_t j = 0; j < i; ++j)
            if (lifetimes[j].first <= lifetimes[i].last && lifetimes[i].first <= lifetimes[j].last)
                in_the_way.push_back(j);
        std::sort(in_the_way.begin(), in_the_way.end(),
                  [&](std::size_t a, std::size_t b) { return plan.offsets[a] < plan.offsets[b]; });
        std::size_t offset = 0;
        for (std::size_t j : in_the_way) {
            if (offset + lifetimes[i].bytes <= plan.offsets[j]) break;
            offset = std::max(offset, plan.offsets[j] + rounded(lifetimes[j].bytes));
        }
        plan.offsets.push_back(offset);
        plan.bytes = std::max(plan.bytes, offset + rounded(lifetimes[i].bytes));
    }
    return plan;
}

}  // namespace nibble
