#include "engine/core/rounding.hpp"

#include <cmath>

namespace nibble {

float round_by(Rounding rounding, float t) {
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
