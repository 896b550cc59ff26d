// Bounds of an activation: none, ReLU (0 and above) and ReLU6 (0 to 6) are one case.
#pragma once

#include <limits>

namespace nibble {

/// y = x <= low ? low : x >= high ? high : x, so not a number stays what it is, and ReLU of -0 is 0.
struct Clamp {
    float low = -std::numeric_limits<float>::infinity(), high = std::numeric_limits<float>::infinity();

    bool bounds_below() const { return low > -std::numeric_limits<float>::infinity(); }
    bool bounds_above() const { return high < std::numeric_limits<float>::infinity(); }
    bool bounds() const { return bounds_below() || bounds_above(); }
    float operator()(float x) const { return x <= low ? low : x >= high ? high : x; }
    /// Whether the gradient passes a value that came out as `y`.
    bool passes(float y) const { return y > low && y < high; }
    friend bool operator==(const Clamp&, const Clamp&) = default;
};

inline constexpr Clamp kRelu{.low = 0};

}  // namespace nibble
