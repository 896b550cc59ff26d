// What is kept of the activations of one tensor over a calibration set: counts in a fixed number of bins,
// whatever the number of images.
//
// Bins are [b, b + 1) * 2^e by magnitude, for positive and negative values apart, zeros on their own. e is
// the smallest with max |x| < bins * 2^e; when a larger value comes, e grows and pairs of bins merge, which
// is exact: floor(x / 2^(e+1)) = floor(floor(x / 2^e) / 2). So the result is a function of the set of values
// alone, whatever the order of images or the number of threads.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/quant/quantizer.hpp"

namespace nibble {

class Histogram {
  public:
    static constexpr std::size_t kBins = 4096;  ///< for each sign; the upper half is never empty

    /// Throws BadInput, and adds nothing, when a value is not finite. Subnormal values count as 0.
    void add(std::span<const float> values);

    std::int64_t count() const { return count_; }
    std::int64_t zeros() const { return zeros_; }
    bool has_negative() const { return lowest_ < 0; }
    float lowest() const { return lowest_; }    ///< at most 0
    float highest() const { return highest_; }  ///< at least 0
    float magnitude() const { return highest_ > -lowest_ ? highest_ : -lowest_; }

    /// 2^e; 0 while there is nothing but zeros.
    double bin_width() const;
    /// Counts by bin; empty while there is nothing but zeros.
    std::span<const std::int64_t> positive() const { return positive_; }
    std::span<const std::int64_t> negative() const { return negative_; }
    /// Both together, up to the last bin that is not empty, without zeros.
    std::vector<std::int64_t> magnitudes() const;

    friend bool operator==(const Histogram&, const Histogram&) = default;

  private:
    void make_room_for(float magnitude);

    std::int64_t count_ = 0, zeros_ = 0;
    float lowest_ = 0, highest_ = 0;
    int exponent_ = 0;
    std::vector<std::int64_t> positive_, negative_;
};

/// The quantizer that clips at a magnitude: step = threshold / highest code; unsigned codes where nothing is
/// negative, else narrow ones (-7..7). A tensor of zeros gets step 1. Throws BadInput for an empty histogram.
Quantizer quantizer_clipping_at(double threshold, const Histogram& histogram, int bits);

/// Throws BadInput unless something was counted; `what` wants to know.
void require_values(const Histogram& histogram, const char* what);

}  // namespace nibble
