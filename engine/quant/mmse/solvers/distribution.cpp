#include "engine/quant/mmse/solvers/distribution.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "engine/core/error.hpp"

namespace nibble::mmse {
namespace {

/// What kernels, with subnormal numbers off, make of a value.
float checked(float value) {
    if (!std::isfinite(value)) throw BadInput("mmse", "value", "a finite number", std::to_string(value));
    return std::abs(value) < std::numeric_limits<float>::min() ? 0.0f : value;
}

Sums operator+(const Sums& a, const Sums& b) {
    return {a.count + b.count, a.values + b.values, a.squares + b.squares};
}

}  // namespace

Distribution::Distribution(std::span<const float> values) {
    std::vector<float> sorted(values.size());
    std::transform(values.begin(), values.end(), sorted.begin(), checked);
    std::sort(sorted.begin(), sorted.end());
    values_.reserve(sorted.size());
    running_.reserve(sorted.size() + 1);
    for (std::size_t i = 0, first = 0; i < sorted.size(); first = i) {
        while (i < sorted.size() && sorted[i] == sorted[first]) ++i;
        append({sorted[first], static_cast<std::int64_t>(i - first)});
    }
    index();
}

Distribution::Distribution(std::vector<Weighted> values) {
    for (Weighted& v : values) v.value = checked(v.value);
    std::sort(values.begin(), values.end(), [](const Weighted& a, const Weighted& b) {
        return a.value != b.value ? a.value < b.value : a.spread < b.spread;
    });
    values_.reserve(values.size());
    running_.reserve(values.size() + 1);
    for (const Weighted& v : values) append(v);
    index();
}

void Distribution::append(const Weighted& one) {
    const double t = one.value, times = static_cast<double>(one.count);
    const Twofold square = exact_sum(t * t, one.spread);  // t^2 has at most 48 bits
    const Sums sums = running_.back() + Sums{one.count, exact_product(times, t), square * times};
    if (!values_.empty() && values_.back() == one.value) {
        running_.back() = sums;
    } else {
        values_.push_back(one.value);
        running_.push_back(sums);
    }
}

void Distribution::index() {
    rounded_.resize(running_.size());
    std::ranges::transform(running_, rounded_.begin(), [](const Sums& s) {
        return RoundedSums{static_cast<double>(s.count), s.values.value()};
    });
    if (values_.empty()) return;
    const double range = static_cast<double>(values_.back()) - values_.front();
    last_bucket_ = static_cast<double>(2 * values_.size() - 1);
    buckets_per_unit_ = range > 0 ? (last_bucket_ + 1) / range : 0.0;
    buckets_.assign(2 * values_.size() + 1, 0);
    for (float v : values_) ++buckets_[bucket_of(v) + 1];
    std::partial_sum(buckets_.begin(), buckets_.end(), buckets_.begin());
}

Sums Distribution::between(std::size_t first, std::size_t last) const {
    const Sums &a = running_[first], &b = running_[last];
    return {b.count - a.count, b.values - a.values, b.squares - a.squares};
}

float Distribution::magnitude() const {
    return values_.empty() ? 0.0f : std::max(std::abs(values_.front()), std::abs(values_.back()));
}

}  // namespace nibble::mmse
