// Loops that do nothing but multiply, or nothing but read: what the roofline's ceilings are measured with.
#pragma once

#include <cstddef>
#include <string>

namespace nibble {

/// One instruction set's loops. Each returns something that depends on all it did.
struct PeakLoops {
    /// `rounds` times through a dozen independent chains; how many multiplications are in one round.
    float (*f32)(std::size_t rounds);
    std::size_t f32_macs;
    int (*u8s8)(std::size_t rounds);
    std::size_t u8s8_macs;
    /// Reads `bytes` (a multiple of 1024, aligned to 64).
    int (*read)(const std::byte* from, std::size_t bytes);
};

/// For a name of kernels::Architecture; null for plain C++, which promises no particular instructions.
const PeakLoops* peak_loops(const std::string& architecture);

}  // namespace nibble
