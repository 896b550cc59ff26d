#include "engine/quant/aqt/weights.hpp"

#include <algorithm>
#include <cmath>

namespace nibble::aqt {

float WeightGrid::scaled_bound() const {
    const auto half = static_cast<float>(1 << (bits - 1));
    if (half_shift) return half;
    return bits == 1 ? 0.25f : half - 1.0f;
}

float WeightGrid::clip() const {
    return half_shift ? scaled_bound() - 1.0f / (1 << 7) : scaled_bound();
}

float WeightGrid::multiplier(std::span<const float> weights) const {
    float bound = 0.0f;
    for (const float w : weights) bound = std::max(bound, std::abs(w));
    return scaled_bound() / (bound + kEpsilon);
}

float WeightGrid::code(float t) const {
    const float clipped = std::clamp(t, -clip(), clip());
    return half_shift ? std::floor(clipped) + 0.5f : std::floor(clipped + 0.5f);
}

}  // namespace nibble::aqt
