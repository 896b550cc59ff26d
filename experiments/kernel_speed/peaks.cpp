// What the machine can do at best: multiplications without memory, and reading from each level of memory.
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "engine/core/parallel.hpp"
#include "engine/kernels/dispatch.hpp"
#include "engine/nn/units/buffer.hpp"
#include "experiments/kernel_speed/benchmarks.hpp"
#include "experiments/kernel_speed/peak_loops.hpp"

namespace nibble {
namespace {

constexpr std::size_t kMebibyte = 1 << 20;

std::size_t cache_bytes(int name, std::size_t otherwise) {
    const long bytes = ::sysconf(name);
    return bytes > 0 ? static_cast<std::size_t>(bytes) : otherwise;
}
std::size_t l1() {
    return cache_bytes(_SC_LEVEL1_DCACHE_SIZE, 32 << 10);
}
std::size_t l2() {
    return cache_bytes(_SC_LEVEL2_CACHE_SIZE, kMebibyte);
}
std::size_t l3() {
    return cache_bytes(_SC_LEVEL3_CACHE_SIZE, 32 * kMebibyte);
}

/// More than all caches; bounded for machines whose cache other guests share.
std::size_t beyond_caches() {
    return std::min<std::size_t>(l3() + l3() / 2, 768 * kMebibyte);
}

std::byte* filled(Buffer& buffer, std::size_t bytes) {
    std::byte* data = buffer.reserve(bytes);
    std::memset(data, 1, bytes);
    return data;
}

/// items: multiplications.
template <class Loop>
void time_gemms(benchmark::State& state, Loop loop, std::size_t macs) {
    constexpr std::size_t kRounds = 20'000;
    for (auto _ : state) team([&](int, int) { benchmark::DoNotOptimize(loop(kRounds)); });
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kRounds * macs) * threads());
}

/// Each thread reads `bytes` of its own, about `total` in all per iteration.
void time_reading(benchmark::State& state, const PeakLoops& loops, std::size_t bytes, std::size_t total) {
    const std::size_t own = bytes / 1024 * 1024, times = std::max<std::size_t>(1, total / own);
    Buffer buffer;
    const std::byte* data = filled(buffer, own * static_cast<std::size_t>(threads()));
    for (auto _ : state)
        team([&](int member, int) {
            for (std::size_t i = 0; i < times; ++i)
                benchmark::DoNotOptimize(loops.read(data + static_cast<std::size_t>(member) * own, own));
        });
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(own * times) * threads());
}

}  // namespace

void evict_caches() {
    static Buffer buffer;
    static const std::size_t bytes = beyond_caches();
    static const std::byte* const data = filled(buffer, bytes);
    const std::size_t own = bytes / static_cast<std::size_t>(threads()) / 64 * 64;
    team([&](int member, int) {
        const std::byte* from = data + static_cast<std::size_t>(member) * own;
        unsigned sum = 0;
        for (std::size_t i = 0; i < own; i += 64) sum += std::to_integer<unsigned>(from[i]);
        benchmark::DoNotOptimize(sum);
    });
}

void register_peaks() {
    const PeakLoops* loops = peak_loops(kernels::active().name);
    if (!loops) return;
    benchmark::RegisterBenchmark("peak/f32", [=](benchmark::State& state) {
        time_gemms(state, loops->f32, loops->f32_macs);
    })->UseRealTime();
    benchmark::RegisterBenchmark("peak/u8s8", [=](benchmark::State& state) {
        time_gemms(state, loops->u8s8, loops->u8s8_macs);
    })->UseRealTime();
    const std::size_t each = static_cast<std::size_t>(threads());
    const std::pair<const char*, std::size_t> levels[] = {{"read/L1", l1() / 2},
                                                          {"read/L2", l2() / 2},
                                                          {"read/L3", std::min(4 * l2(), l3() / 2) / each},
                                                          {"read/DRAM", beyond_caches() / each}};
    for (const auto& [name, bytes] : levels)
        benchmark::RegisterBenchmark(name, [loops, bytes = bytes](benchmark::State& state) {
            time_reading(state, *loops, bytes, 4 * kMebibyte);
        })->UseRealTime();
}

}  // namespace nibble
