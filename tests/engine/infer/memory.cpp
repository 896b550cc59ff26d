#include "engine/infer/memory.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "engine/core/rng.hpp"
#include "engine/infer/executor.hpp"
#include "engine/infer/layout.hpp"
#include "tests/helpers/networks.hpp"

namespace nibble {
namespace {

/// Works on a model of memory: who owns each byte at each step.
void check_by_painting(const std::vector<Lifetime>& lifetimes, int steps) {
    const MemoryPlan plan = plan_memory(lifetimes);
    REQUIRE(plan.offsets.size() == lifetimes.size());
    for (int step = 0; step < steps; ++step) {
        std::vector<int> owner(plan.bytes, -1);
        for (std::size_t i = 0; i < lifetimes.size(); ++i) {
            if (step < lifetimes[i].first || step > lifetimes[i].last) continue;
            REQUIRE(plan.offsets[i] + lifetimes[i].bytes <= plan.bytes);
            for (std::size_t b = plan.offsets[i]; b < plan.offsets[i] + lifetimes[i].bytes; ++b) {
                REQUIRE(owner[b] == -1);
                owner[b] = static_cast<int>(i);
            }
        }
    }
}

std::size_t rounded(std::size_t bytes) {
    return (bytes + 63) / 64 * 64;
}

TEST_CASE("memory: blocks alive at the same time never overlap, whatever their lifetimes") {
    for (std::uint32_t stream = 0; stream < 200; ++stream) {
        Random random(9, Purpose::test, 0, stream);
        const int steps = 1 + static_cast<int>(random.below(12));
        std::vector<Lifetime> lifetimes(random.below(16));
        std::size_t all = 0;
        for (Lifetime& l : lifetimes) {
            l.bytes = random.below(4) ? random.below(700) : 64 * random.below(5);
            l.first = static_cast<int>(random.below(static_cast<std::uint32_t>(steps)));
            l.last = l.first + static_cast<int>(random.below(static_cast<std::uint32_t>(steps - l.first)));
            all += rounded(l.bytes);
        }
        CAPTURE(stream);
        check_by_painting(lifetimes, steps);
        const MemoryPlan plan = plan_memory(lifetimes);
        for (std::size_t offset : plan.offsets) CHECK(offset % 64 == 0);
        CHECK(plan.bytes <= all);
        std::size_t at_once = 0;
        for (int step = 0; step < steps; ++step) {
            std::size_t alive = 0;
            for (const Lifetime& l : lifetimes)
                if (l.first <= step && step <= l.last) alive += rounded(l.bytes);
            at_once = std::max(at_once, alive);
        }
        CHECK(plan.bytes >= at_once);
    }
}

TEST_CASE("memory: the place of what nobody reads any more is used again") {
    // A chain: each value is made in one step and read in the next, so two places are enough.
    std::vector<Lifetime> chain;
    for (int i = 0; i < 50; ++i) chain.push_back({640, i, i + 1});
    CHECK(plan_memory(chain).bytes == 2 * 640);
    // One that lives throughout adds its own bytes only.
    chain.insert(chain.begin(), Lifetime{64, 0, 51});
    CHECK(plan_memory(chain).bytes == 2 * 640 + 64);
    // A small one goes into the hole that a large one left.
    CHECK(plan_memory({{640, 0, 0}, {64, 0, 3}, {128, 1, 3}}).offsets == std::vector<std::size_t>{0, 640, 0});
    CHECK(plan_memory({}).bytes == 0);
}

TEST_CASE("memory: an executor's arena is smaller than all values together, unless they are kept") {
    const IntegerGraph graph = test::small_integer_network(1);
    const Layout reusing = make_layout(graph, false), keeping = make_layout(graph, true);
    CHECK(reusing.bytes < keeping.bytes);
    std::size_t all = 0;
    for (const ValueLayout& v : keeping.values) all += v.bytes();
    CHECK(keeping.bytes >= all);
    CHECK(IntegerExecutor(graph).arena_bytes() == reusing.bytes);
    CHECK(IntegerExecutor(graph, IntegerExecutor::Keep::values).arena_bytes() == keeping.bytes);
}

TEST_CASE("layout: the border holds every pixel that a convolution reads, and places do not overlap") {
    const IntegerGraph graph = test::small_integer_network(2);
    const Layout layout = make_layout(graph, true);
    for (const IntegerStep& step : graph.steps) {
        if (step.kind != IntegerStep::Kind::gemm) continue;
        const ValueLayout& in = layout.values[static_cast<std::size_t>(step.inputs[0])];
        const Dims out = graph.values[static_cast<std::size_t>(step.outputs.front())].dims;
        const Window& w = step.node.window;
        CAPTURE(step.node.name);
        CHECK(in.top >= w.rows.before);
        CHECK(in.left >= w.cols.before);
        CHECK(in.top + w.rows.source(out.h - 1, w.rows.kernel) <= in.rows);
        CHECK(in.left + w.cols.source(out.w - 1, w.cols.kernel) <= in.cols);
    }
    for (const ValueLayout& v : layout.values) {
        CHECK(v.top + v.dims.h <= v.rows);
        CHECK(v.left + v.dims.w <= v.cols);
        CHECK(v.offset + v.bytes() <= layout.bytes);
        for (const ValueLayout& other : layout.values)
            if (other.offset != v.offset)
                CHECK((v.offset + v.bytes() <= other.offset || other.offset + other.bytes() <= v.offset));
    }
}

}  // namespace
}  // namespace nibble
