#include "tests/helpers/finite_difference.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/core/rng.hpp"
#include "engine/train/trainer.hpp"

namespace nibble::test {
namespace {

constexpr int kBatch = 11;  // one whole chunk and a part

struct Problem {
    Trainer trainer;
    std::vector<float> images;
    std::vector<std::int32_t> labels;

    explicit Problem(const Graph& graph)
        : trainer(graph, Numerics::f32, recipe(), 1, 3),
          images(kBatch * graph.input_dims().size()),
          labels(kBatch) {
        Random random(5, Purpose::test);
        for (float& x : images) x = random.normal();
        for (auto& label : labels) label = static_cast<std::int32_t>(random.below(graph.classes()));
    }

    static Recipe recipe() {
        Recipe r;
        r.epochs = 1;
        r.batch = kBatch;
        r.learning_rate = 0;
        r.weight_decay = 0;
        return r;
    }

    double loss(const Weights& weights) {
        trainer.set_weights(weights);
        return trainer.step(images, labels).loss;
    }
};

double norm(const Array<float>& x) {
    double sum = 0;
    for (float v : x) sum += static_cast<double>(v) * v;
    return std::sqrt(sum);
}

}  // namespace

double worst_gradient_error(const Graph& graph) {
    Problem problem(graph);
    Weights weights = problem.trainer.weights();
    // Scales and shifts off their initial 1 and 0, so that forgetting one shows.
    Random random(6, Purpose::test);
    for (auto& [name, values] : weights)
        if (values.dimension() == 1 && !is_buffer(name))
            for (float& v : values) v += 0.2f * random.normal();
    problem.loss(weights);
    const Weights gradients = problem.trainer.gradients();

    double worst = 0;
    for (const auto& [name, gradient] : gradients)
        for (int repeat = 0; repeat < 2; ++repeat) {
            Array<float> direction = gradient;
            // Half along the gradient, half random: slopes well above the rounding of the loss.
            const auto size =
                static_cast<float>(norm(gradient) / std::sqrt(static_cast<double>(gradient.size())));
            for (float& v : direction) v += size * random.normal();
            const double length = norm(direction),
                         h = 2e-3 * std::max(norm(weights.at(name)), 1.0) / (length + 1e-30);
            // clang 14 does not capture a structured binding by [&].
            const auto at = [&, &tensor = name](double t) {
                Weights moved = weights;
                moved.at(tensor) += static_cast<float>(t) * direction;
                return problem.loss(moved);
            };
            const double slope = (at(h) - at(-h)) / (2 * h);
            double expected = 0;
            for (std::size_t i = 0; i < gradient.size(); ++i)
                expected += static_cast<double>(gradient.data()[i]) * direction.data()[i];
            worst = std::max(worst, std::abs(slope - expected) / (norm(gradient) * length + 1e-6));
        }
    return worst;
}

}  // namespace nibble::test
