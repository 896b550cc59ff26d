#include "engine/quant/quantizer.hpp"

#include <cmath>
#include <string>
#include <utility>

#include "engine/core/error.hpp"

namespace nibble {

Quantizer make_quantizer(const Scheme& scheme, float step, Rounding rounding) {
    Quantizer q{scheme, rounding, 1.0f / step, step};
    check(q);
    return q;
}

Quantizer make_channel_quantizer(const Scheme& scheme, std::vector<float> multipliers, Rounding rounding) {
    Quantizer q{scheme, rounding, 1, 1, std::move(multipliers)};
    check(q);
    return q;
}

void check(const Quantizer& q) {
    const auto require = [](bool fine, const char* what, const char* expected, const std::string& found) {
        if (!fine) throw BadInput("quantizer of activations", what, expected, found);
    };
    const auto require_scale = [&](float value) {
        require(std::isnormal(value) && value > 0, "scale", "a finite positive number",
                std::to_string(value));
    };
    check(q.scheme);
    require(q.scheme.kind == Kind::uniform && q.scheme.granularity != Granularity::group, "scheme",
            "uniform, scales per tensor or channel", to_string(q.scheme));
    require(q.by_channel() != q.multipliers.empty(), "multipliers", "some with scales per channel, else none",
            std::to_string(q.multipliers.size()) + " with " + to_string(q.scheme));
    for (float multiplier : q.multipliers) require_scale(multiplier);
    for (float value : {q.step, q.multiplier}) require_scale(value);
    constexpr float kTolerance = 1e-5f;  // a few roundings
    require(std::abs(q.multiplier * q.step - 1) <= kTolerance, "multiplier", "1 / step",
            std::to_string(q.multiplier));
    require(!q.by_channel() || (q.step == 1 && q.multiplier == 1), "step", "1 with scales per channel",
            std::to_string(q.step));
}

void check(const Quantizer& q, std::size_t channels) {
    check(q);
    if (q.by_channel() && q.multipliers.size() != channels)
        throw BadInput("quantizer of activations", "number of multipliers", std::to_string(channels),
                       std::to_string(q.multipliers.size()));
}

int code_of(const Quantizer& q, float x, std::size_t channel) {
    const auto lowest = static_cast<float>(q.scheme.lowest()),
               highest = static_cast<float>(q.scheme.highest());
    float t = x * q.multiplier_of(channel);
    t = t > lowest ? t : lowest;
    t = t < highest ? t : highest;
    return static_cast<int>(round_by(q.rounding, t));
}

}  // namespace nibble
