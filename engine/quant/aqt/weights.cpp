#include "engine/quant/aqt/weights.hpp"

#include "engine/core/reduce.hpp"

namespace nibble::aqt {

float WeightGrid::scaled_bound() const {
    const auto half = static_cast<float>(1 << (bits - 1));
    if (half_shift) return half;
    return bits == 1 ? 0.25f : half - 1.0f;
}

float WeightGrid::clip() const {
    return half_shift ? scaled_bound() - 1.0f / (1 << 7) : scaled_bound();
}

float WeightGrid::multiplier(const Vector<float>& weights) const {
    return scaled_bound() / (largest_magnitude(weights) + kEpsilon);
}

Vector<float> WeightGrid::codes(const Vector<float>& weights, float multiplier) const {
    const auto clipped = xt::clip(weights * multiplier, -clip(), clip());
    if (half_shift) return xt::floor(clipped) + 0.5f;
    return xt::floor(clipped + 0.5f);
}

}  // namespace nibble::aqt
