#include "engine/quant/calibration/histogram.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/core/error.hpp"
#include "engine/core/tensor.hpp"

namespace nibble {
namespace {

constexpr float kSmallest = std::numeric_limits<float>::min();

/// The smallest e with magnitude < kBins * 2^e.
int exponent_for(float magnitude) {
    constexpr int kLogBins = 12;
    static_assert(Histogram::kBins == 1u << kLogBins);
    return std::ilogb(magnitude) + 1 - kLogBins;
}

void merge(std::vector<std::int64_t>& bins, int shift) {
    for (std::size_t b = 0; b < bins.size(); ++b) {
        const std::int64_t count = bins[b];
        bins[b] = 0;
        bins[shift < 32 ? b >> shift : 0] += count;
    }
}

}  // namespace

void Histogram::make_room_for(float magnitude) {
    const int needed = exponent_for(magnitude);
    if (positive_.empty()) {
        positive_.assign(kBins, 0);
        negative_.assign(kBins, 0);
        exponent_ = needed;
    } else if (needed > exponent_) {
        merge(positive_, needed - exponent_);
        merge(negative_, needed - exponent_);
        exponent_ = needed;
    }
}

void Histogram::add(std::span<const float> values) {
    float lowest = 0, highest = 0;
    for (float v : values) {
        if (!(std::abs(v) <= std::numeric_limits<float>::max()))
            throw BadInput("calibration", "value", "a finite number", std::to_string(v));
        lowest = std::min(lowest, v);
        highest = std::max(highest, v);
    }
    count_ += static_cast<std::int64_t>(values.size());
    const float magnitude = std::max(highest, -lowest);
    if (magnitude < kSmallest) {
        zeros_ += static_cast<std::int64_t>(values.size());
        return;
    }
    if (lowest <= -kSmallest) lowest_ = std::min(lowest_, lowest);
    if (highest >= kSmallest) highest_ = std::max(highest_, highest);
    make_room_for(magnitude);
    const double bins_per_unit = std::ldexp(1.0, -exponent_);
    for (float v : values) {
        const auto bin = static_cast<std::size_t>(std::abs(static_cast<double>(v)) * bins_per_unit);
        if (v >= kSmallest)
            ++positive_[bin];
        else if (v <= -kSmallest)
            ++negative_[bin];
        else
            ++zeros_;
    }
}

double Histogram::bin_width() const {
    return positive_.empty() ? 0.0 : std::ldexp(1.0, exponent_);
}

std::vector<std::int64_t> Histogram::magnitudes() const {
    std::vector<std::int64_t> bins = positive_;
    auto sums = vector_of(bins.data(), bins.size());
    sums += vector_of(negative_.data(), negative_.size());
    while (!bins.empty() && bins.back() == 0) bins.pop_back();
    return bins;
}

Quantizer quantizer_clipping_at(double threshold, const Histogram& histogram, int bits) {
    require_values(histogram, "clipping");
    Scheme scheme{.bits = bits, .is_signed = histogram.has_negative(), .granularity = Granularity::tensor};
    if (scheme.is_signed) scheme.range = Range::narrow;
    check(scheme);
    return make_quantizer(scheme, threshold > 0 ? static_cast<float>(threshold / scheme.highest()) : 1.0f);
}

void require_values(const Histogram& histogram, const char* what) {
    if (histogram.count() == 0) throw BadInput(what, "calibration values", "at least one", "none");
}

}  // namespace nibble
