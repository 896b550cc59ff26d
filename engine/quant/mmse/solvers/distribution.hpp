// The values T of a tensor as the scale problem sees them: in ascending order, equal ones together, with
// running sums. For one scale, the values of one code are an interval of this order, so the squared error at
// any scale costs a few binary searches, however large the tensor is; and no result can depend on the order
// of T.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/core/twofold.hpp"

namespace nibble::mmse {

/// How many values, sum of t, and sum of t^2.
struct Sums {
    std::int64_t count = 0;
    Twofold values, squares;
};

/// How many values, and the sum of t, in plain doubles.
struct RoundedSums {
    double count = 0, values = 0;
};

class Distribution {
  public:
    Distribution() = default;
    /// Throws BadInput for values that are not finite. Subnormal values count as 0: that is what kernels make
    /// of them.
    explicit Distribution(std::span<const float> values);

    /// A value that stands for `count` others around it, with variance `spread`.
    struct Weighted {
        float value;
        std::int64_t count;
        double spread = 0;
    };
    /// In any order.
    explicit Distribution(std::vector<Weighted> values);

    /// Distinct values, ascending.
    std::span<const float> values() const { return values_; }
    std::size_t size() const { return values_.size(); }

    /// The number of distinct values below a bound.
    std::size_t below(double bound) const;
    /// Sums over the distinct values [first, last).
    Sums between(std::size_t first, std::size_t last) const;
    /// Sums over the first `last` distinct values.
    const Sums& up_to(std::size_t last) const { return running_[last]; }
    /// The same, rounded.
    const RoundedSums& rounded_up_to(std::size_t last) const { return rounded_[last]; }
    const Sums& all() const { return running_.back(); }

    /// ||T||^2
    Twofold squared_norm() const { return all().squares; }
    /// max |T|; 0 if there are no values.
    float magnitude() const;

  private:
    void append(const Weighted& one);
    void index();
    std::size_t bucket_of(double value) const {
        const double bucket = (value - values_.front()) * buckets_per_unit_;
        return static_cast<std::size_t>(std::clamp(bucket, 0.0, last_bucket_));
    }

    std::vector<float> values_;
    std::vector<Sums> running_{Sums{}};  ///< running_[i]: over the first i distinct values
    std::vector<RoundedSums> rounded_{RoundedSums{}};
    /// Where below() looks: twice as many buckets of equal width as values, and the first value of each.
    std::vector<std::uint32_t> buckets_{0, 0};
    double buckets_per_unit_ = 0, last_bucket_ = 0;
};

inline std::size_t Distribution::below(double bound) const {
    if (values_.empty()) return 0;
    // bucket_of() never falls as its argument grows, so what is in lower buckets is below, in higher ones
    // above.
    const std::size_t bucket = bucket_of(bound);
    const std::uint32_t first = buckets_[bucket], last = buckets_[bucket + 1];
    if (first == last || !(values_[first] < bound)) return first;
    return static_cast<std::size_t>(
        std::lower_bound(values_.begin() + first + 1, values_.begin() + last, bound) - values_.begin());
}

}  // namespace nibble::mmse
