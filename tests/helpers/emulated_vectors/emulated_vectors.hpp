// The vector kernels over emulated vectors (ops_emulated.hpp): what AVX2, AVX-512 and VNNI compute, on any machine.
#pragma once

#include <vector>

#include "engine/kernels/table.hpp"

namespace nibble::kernels::test {

// Integer products add pairs of products of bytes, or dot products of four bytes; the rest is alike.
extern const Kernels kPairs4, kPairs8, kPairs16, kDots4, kDots8, kDots16;

inline const std::vector<const Kernels*> kEmulatedPairs{&kPairs4, &kPairs8, &kPairs16};
inline const std::vector<const Kernels*> kEmulatedVectors{&kPairs4, &kPairs8, &kPairs16,
                                                          &kDots4,  &kDots8,  &kDots16};

}  // namespace nibble::kernels::test
