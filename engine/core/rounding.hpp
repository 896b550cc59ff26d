// How a real number becomes an integer.
#pragma once

#include <cmath>

namespace nibble {

enum class Rounding {
    nearest_even,  ///< to the nearest integer, halves to the even one
    half_up,       ///< floor(t + 0.5), the addition in float
    floor
};

/// The integer next to t by the rule, as a float.
inline float round_by(Rounding rounding, float t) {
    switch (rounding) {
        case Rounding::nearest_even:
            return std::nearbyint(t);
        case Rounding::half_up:
            return std::floor(t + 0.5f);
        case Rounding::floor:
            return std::floor(t);
    }
    return t;
}

}  // namespace nibble
