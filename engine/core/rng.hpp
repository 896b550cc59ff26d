// Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
// 2011).
//
// A stream is named by (seed, purpose, epoch, index) and holds no hidden state elsewhere, so any value can be
// drawn by any thread in any order, and drawing for one purpose never disturbs another.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace nibble {

/// What a stream is for. Values are part of the definition of the bits: append only.
enum class Purpose : std::uint32_t {
    init = 0,
    shuffle = 1,
    augment = 2,
    calibration = 3,
    glyphs = 4,
    test = 5,
    dropout = 6,
    pixels = 7
};

/// The Philox4x32-10 block function: 128 random bits from a 128-bit counter and a 64-bit key.
std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key);

/// One stream of random numbers.
class Random {
  public:
    Random(std::uint64_t seed, Purpose purpose, std::uint32_t epoch = 0, std::uint32_t index = 0);

    std::uint32_t bits() {
        if (used_ == 4) {
            block_ = philox4x32(counter_, key_);
            ++counter_[0];
            used_ = 0;
        }
        return block_[used_++];
    }
    /// Uniform in [0, 1), a multiple of 2^-24.
    float uniform();
    /// Uniform integer in [0, n), unbiased (Lemire's rejection). n >= 1.
    std::uint32_t below(std::uint32_t n);
    /// Standard normal, by inverting the distribution function (Wichura's AS 241) without libm.
    float normal();

  private:
    std::array<std::uint32_t, 4> counter_;
    std::array<std::uint32_t, 2> key_;
    std::array<std::uint32_t, 4> block_{};
    std::size_t used_ = 4;
};

/// A uniformly random order of 0..n-1 (Fisher-Yates).
std::vector<std::uint32_t> permutation(std::uint32_t n, Random random);

}  // namespace nibble
