// The rounding rules as the reference kernels apply them.
#pragma once

#include <cmath>

#include "engine/core/rounding.hpp"

namespace nibble::kernels::reference {

inline float round_by(Rounding rounding, float t) {
    switch (rounding) {
        case Rounding::half_up:
            return std::floor(t + 0.5f);
        case Rounding::floor:
            return std::floor(t);
        default:
            return std::nearbyint(t);
    }
}

}  // namespace nibble::kernels::reference
