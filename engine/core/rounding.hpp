// How a real number becomes an integer.
#pragma once

namespace nibble {

enum class Rounding {
    nearest_even,  ///< to the nearest integer, halves to the even one
    half_up,       ///< floor(t + 0.5), the addition in float
    floor
};

/// The integer next to t by the rule, as a float.
float round_by(Rounding rounding, float t);

}  // namespace nibble
