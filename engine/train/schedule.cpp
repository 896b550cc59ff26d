// The learning rate over time, as in the aqt paper (arXiv 2105.03536): with t in epochs, W warm-up, C
// cool-down and T all epochs, f the final fraction,
//
//     t < W          base * t / W
//     W <= t < T-C   base * [(1 - f) * 0.5 * (1 + cos(pi r)) + f],  r = (t - W) / (T - C - W)
//     T-C <= t       base * f * (T - t) / C
#include <algorithm>

#include "engine/core/math.hpp"
#include "engine/train/trainer.hpp"

namespace nibble {

double learning_rate_at(const Recipe& recipe, std::size_t step, std::size_t steps_per_epoch) {
    const double epoch_end = recipe.epochs;
    const double cosine_end = epoch_end - recipe.cooldown_epochs;
    const double fraction = recipe.final_fraction;
    // Past the last epoch the rate stays what it is at its end.
    const double t = std::min(static_cast<double>(step) / static_cast<double>(steps_per_epoch), epoch_end);

    if (t < recipe.warmup_epochs) return recipe.learning_rate * (t / recipe.warmup_epochs);
    if (t < cosine_end || recipe.cooldown_epochs == 0) {
        const double length = cosine_end - recipe.warmup_epochs;
        const double r = length > 0 ? (t - recipe.warmup_epochs) / length : 1.0;
        return recipe.learning_rate * ((1 - fraction) * 0.5 * (1 + exact_cos_pi(r)) + fraction);
    }
    return recipe.learning_rate * fraction * ((epoch_end - t) / recipe.cooldown_epochs);
}

}  // namespace nibble
