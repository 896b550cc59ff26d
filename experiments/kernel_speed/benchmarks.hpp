// The parts of nibble_kernel_speed: each registers its Google Benchmarks.
#pragma once

#include <benchmark/benchmark.h>

#include <cstddef>
#include <memory>
#include <string>

namespace nibble {

/// layer/NAME/PRECISION/bBATCH and, with weights from memory, cold/NAME/PRECISION/bBATCH.
void register_layers();
/// activations/NAME/STORAGE/b1: 4-bit ones in bytes, or packed and unpacked by a pass of its own.
void register_activations();
/// network/NAME/PRECISION/bBATCH.
void register_networks();
/// peak/f32, peak/u8s8, read/L1, ...: what this machine can do with the chosen instruction set.
void register_peaks();

/// Pushes everything else out of the caches by reading a large buffer.
void evict_caches();

/// Google Benchmark calls a function several times, with more and more iterations: what it measures stays
/// until another benchmark asks.
template <class T, class Make>
T& prepared(const std::string& benchmark, Make make) {
    static std::string owner;
    static std::unique_ptr<T> value;
    if (owner != benchmark) {
        value.reset();  // before the next one needs memory
        value = make();
        owner = benchmark;
    }
    return *value;
}

/// What the report needs beside the time.
struct Work {
    double macs, weight_bytes, activation_bytes;  ///< of one call
};
inline void count(benchmark::State& state, const Work& work) {
    state.counters["macs"] = work.macs;
    state.counters["weight_bytes"] = work.weight_bytes;
    state.counters["activation_bytes"] = work.activation_bytes;
}

}  // namespace nibble
