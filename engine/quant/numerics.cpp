#include "engine/quant/numerics.hpp"

#include <cmath>
#include <limits>
#include <string>

#include "engine/core/error.hpp"

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

Quantizer make_quantizer(const Scheme& scheme, float step, Rounding rounding) {
    Quantizer q{scheme, rounding, 1.0f / step, step};
    check(q);
    return q;
}

void check(const Quantizer& q) {
    check(q.scheme);
    if (q.scheme.kind != Kind::uniform || q.scheme.granularity != Granularity::tensor)
        throw BadInput("quantizer of activations", "scheme", "uniform, one scale per tensor",
                       to_string(q.scheme));
    for (float value : {q.step, q.multiplier})
        if (!(std::isnormal(value) && value > 0))
            throw BadInput("quantizer of activations", "scale", "a finite positive number",
                           std::to_string(value));
    constexpr float kTolerance = 1e-5f;  // a few roundings
    if (std::abs(q.multiplier * q.step - 1) > kTolerance)
        throw BadInput("quantizer of activations", "multiplier", "1 / step", std::to_string(q.multiplier));
}

int code_of(const Quantizer& q, float x) {
    const auto lowest = static_cast<float>(q.scheme.lowest()),
               highest = static_cast<float>(q.scheme.highest());
    float t = x * q.multiplier;
    t = t > lowest ? t : lowest;
    t = t < highest ? t : highest;
    return static_cast<int>(round_by(q.rounding, t));
}

float clip_gradient(ClipGradient rule, float t, float lowest, float highest) {
    if (rule == ClipGradient::pass) return 1.0f;
    if (!(t >= lowest && t <= highest)) return 0.0f;
    return rule == ClipGradient::split && (t == lowest || t == highest) ? 0.5f : 1.0f;
}

}  // namespace nibble
