// The values T of a tensor as the scale problem sees them: in ascending order, equal ones together, with
// running sums. For one scale, the values of one code are an interval of this order, so the squared error at
// any scale costs a few binary searches, however large the tensor is; and no result can depend on the order
// of T.
#pragma once

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
    const Sums& all() const { return running_.back(); }

    /// ||T||^2
    Twofold squared_norm() const { return all().squares; }
    /// max |T|; 0 if there are no values.
    float magnitude() const;

  private:
    void append(const Weighted& one);
    void index();
    std::size_t bucket_of(double value) const;

    std::vector<float> values_;
    std::vector<Sums> running_{Sums{}};  ///< running_[i]: over the first i distinct values
    /// Where below() looks: as many buckets of equal width as values, and the first value of each.
    std::vector<std::uint32_t> buckets_{0, 0};
    double buckets_per_unit_ = 0;
};

}  // namespace nibble::mmse
