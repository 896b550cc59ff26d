#include "engine/nn/loss.hpp"

#include <cmath>
#include <vector>

#include "engine/core/math.hpp"

namespace nibble {

Loss softmax_cross_entropy(std::span<const float> logits, std::int32_t label, double smoothing, double weight,
                           std::span<float> gradient) {
    const std::size_t classes = logits.size();
    std::size_t best = 0;
    for (std::size_t c = 1; c < classes; ++c)
        if (logits[c] > logits[best] || std::isnan(logits[best])) best = c;

    const double top = logits[best];
    std::vector<double> exponentials(classes);
    double total = 0.0;
    for (std::size_t c = 0; c < classes; ++c) {
        exponentials[c] = exact_exp(static_cast<double>(logits[c]) - top);
        total += exponentials[c];
    }
    const double log_total = exact_log(total);
    double loss = 0.0;
    for (std::size_t c = 0; c < classes; ++c) {
        const double target = smoothing / static_cast<double>(classes) +
                              (c == static_cast<std::size_t>(label) ? 1.0 - smoothing : 0.0);
        if (target != 0.0) loss += target * (log_total - (static_cast<double>(logits[c]) - top));
        if (!gradient.empty()) gradient[c] = static_cast<float>((exponentials[c] / total - target) * weight);
    }
    return {loss, static_cast<int>(best)};
}

double squared_error(std::span<const float> logits, std::span<const float> targets, double weight,
                     std::span<float> gradient) {
    double loss = 0.0;
    for (std::size_t c = 0; c < logits.size(); ++c) {
        const double difference = static_cast<double>(logits[c]) - static_cast<double>(targets[c]);
        loss += difference * difference;
        if (!gradient.empty()) gradient[c] = static_cast<float>(2 * difference * weight);
    }
    return loss;
}

}  // namespace nibble
