#include "engine/train/trainer.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "engine/core/digest.hpp"
#include "engine/core/error.hpp"
#include "engine/core/json.hpp"
#include "engine/core/parallel.hpp"
#include "engine/io/safetensors.hpp"
#include "engine/nn/loss.hpp"
#include "engine/nn/network.hpp"
#include "engine/train/init.hpp"
#include "engine/train/sgd.hpp"

namespace nibble {
namespace {

/// What a checkpoint must agree on, in words that can be compared and shown.
std::string identity(const Graph& graph, Numerics numerics, const Recipe& r, std::size_t steps_per_epoch,
                     std::uint64_t seed, const NetworkQuantizer* quantizer) {
    Digest digest;
    digest.add(graph.digest());
    const double recipe[] = {static_cast<double>(r.epochs),
                             static_cast<double>(r.batch),
                             r.learning_rate,
                             r.momentum,
                             r.nesterov ? 1.0 : 0.0,
                             r.weight_decay,
                             r.warmup_epochs,
                             r.cooldown_epochs,
                             r.final_fraction,
                             r.label_smoothing,
                             static_cast<double>(steps_per_epoch)};
    digest.add(std::span<const double>(recipe))
        .add(std::span<const std::uint64_t>(&seed, 1))
        .add(to_string(numerics));
    if (r.parts != 1) digest.add("parts " + std::to_string(r.parts));
    if (quantizer) digest.add(quantizer->identity());
    return digest.hex();
}

}  // namespace

void check(const Recipe& r, const std::string& where) {
    const auto require = [&](bool ok, const char* what, double found, const char* expected) {
        if (!ok) throw BadInput(where, what, expected, Json(found).dump());
    };
    require(r.epochs >= 1 && r.epochs <= 1000000, "epochs", r.epochs, "1 to 1000000");
    require(r.batch >= 1 && r.batch <= 65536, "batch", r.batch, "1 to 65536");
    require(r.parts >= 1 && r.batch % r.parts == 0, "parts", r.parts, "a divisor of the batch");
    require(r.learning_rate >= 0 && r.learning_rate <= 1e6, "learning_rate", r.learning_rate, "0 to 1e6");
    require(r.momentum >= 0 && r.momentum < 1, "momentum", r.momentum, "at least 0, below 1");
    require(r.weight_decay >= 0 && r.weight_decay <= 1, "weight_decay", r.weight_decay, "0 to 1");
    require(r.label_smoothing >= 0 && r.label_smoothing < 1, "label_smoothing", r.label_smoothing,
            "at least 0, below 1");
    require(r.final_fraction >= 0 && r.final_fraction <= 1, "final_fraction", r.final_fraction, "0 to 1");
    require(r.warmup_epochs >= 0 && r.warmup_epochs <= r.epochs, "warmup_epochs", r.warmup_epochs,
            "0 to the number of epochs");
    require(r.cooldown_epochs >= 0 && r.warmup_epochs + r.cooldown_epochs <= r.epochs, "cooldown_epochs",
            r.cooldown_epochs, "0 to what the warm-up leaves of the epochs");
}

struct Trainer::State {
    Graph graph;
    Recipe recipe;
    std::size_t steps_per_epoch;
    std::uint64_t seed;
    std::string identity;
    Weights weights, gradients, sums;
    Sgd sgd;
    NetworkQuantizer* quantizer;
    Network network;
    std::size_t steps = 0;
    std::vector<float> logit_gradients;

    /// Adds a part of the batch to the gradients and the result.
    void take_part(std::span<const float> images, std::span<const std::int32_t> labels, std::size_t batch,
                   std::size_t first, StepResult& result);

    State(const Graph& g, Numerics numerics, const Recipe& r, std::size_t per_epoch, std::uint64_t number,
          NetworkQuantizer* q)
        : graph(g),
          recipe(r),
          steps_per_epoch(per_epoch),
          seed(number),
          identity(nibble::identity(g, numerics, r, per_epoch, seed, q)),
          weights(initial_weights(g, seed)),
          gradients(zeros_like(weights)),
          sums(r.parts > 1 ? zeros_like(weights) : Weights{}),
          sgd({r.momentum, r.weight_decay, r.nesterov}, weights),
          quantizer(q),
          network(graph, numerics, Network::Mode::training, r.batch / r.parts, weights, gradients, q) {}
};

void Trainer::State::take_part(std::span<const float> images, std::span<const std::int32_t> labels,
                               std::size_t batch, std::size_t first, StepResult& result) {
    const auto classes = static_cast<std::size_t>(network.classes());
    network.forward(images, {seed, static_cast<std::uint32_t>(steps), static_cast<std::uint32_t>(first)});
    logit_gradients.resize(labels.size() * classes);
    double sum = 0;
    for (std::size_t i = 0; i < labels.size(); ++i) {
        const Loss loss = softmax_cross_entropy(network.logits(static_cast<int>(i)), labels[i],
                                                recipe.label_smoothing, 1.0 / static_cast<double>(batch),
                                                std::span(logit_gradients).subspan(i * classes, classes));
        sum += loss.value;
        result.correct += loss.predicted == labels[i];
    }
    if (!std::isfinite(sum))
        throw Error("training diverged: the loss is no longer finite at step " + std::to_string(steps) +
                    "; try a smaller learning rate or a longer warm-up");
    result.loss += sum;
    network.backward(logit_gradients);
    if (quantizer) quantizer->finish_part(static_cast<int>(labels.size()));
    if (recipe.parts == 1) return;
    for (auto& [name, total] : sums) {
        if (first == 0)
            total = gradients.at(name);
        else
            total += gradients.at(name);
    }
}

Trainer::Trainer(const Graph& graph, Numerics numerics, const Recipe& recipe, std::size_t steps_per_epoch,
                 std::uint64_t seed, NetworkQuantizer* quantizer) {
    check(recipe, "recipe");
    if (steps_per_epoch < 1) throw BadInput("training", "steps per epoch", "at least 1", "0");
    flush_denormals();
    state_ = std::make_unique<State>(graph, numerics, recipe, steps_per_epoch, seed, quantizer);
}

Trainer::~Trainer() = default;

StepResult Trainer::step(std::span<const float> images, std::span<const std::int32_t> labels) {
    State& s = *state_;
    const std::size_t n = labels.size();
    const auto classes = static_cast<std::size_t>(s.network.classes());
    if (n < 1 || n > static_cast<std::size_t>(s.recipe.batch) || images.size() != n * s.network.image_size())
        throw BadInput("training step", "batch",
                       "1 to " + std::to_string(s.recipe.batch) + " images of " +
                           std::to_string(s.network.image_size()) + " values",
                       std::to_string(n) + " labels and " + std::to_string(images.size()) + " values");
    for (std::int32_t label : labels)
        if (label < 0 || static_cast<std::size_t>(label) >= classes)
            throw BadInput("training step", "label", "0 to " + std::to_string(classes - 1),
                           std::to_string(label));

    flush_denormals();
    StepResult result;
    const auto part = static_cast<std::size_t>(s.recipe.batch / s.recipe.parts);
    for (std::size_t first = 0; first < n; first += part) {
        const std::size_t count = std::min(part, n - first);
        s.take_part(images.subspan(first * s.network.image_size(), count * s.network.image_size()),
                    labels.subspan(first, count), n, first, result);
    }
    if (s.recipe.parts > 1) std::swap(s.gradients, s.sums);
    result.loss /= static_cast<double>(n);
    s.sgd.step(s.weights, s.gradients, learning_rate_at(s.recipe, s.steps, s.steps_per_epoch));
    ++s.steps;
    if (s.quantizer) s.quantizer->finish_step(s.steps);
    s.network.update_weights();
    return result;
}

std::size_t Trainer::steps_done() const {
    return state_->steps;
}
const Weights& Trainer::weights() const {
    return state_->weights;
}
const Weights& Trainer::gradients() const {
    return state_->gradients;
}

void Trainer::set_weights(Weights weights) {
    state_->graph.check(weights);
    state_->weights = std::move(weights);
    state_->network.update_weights();
}

void Trainer::save(const std::filesystem::path& path, const std::string& extra) const {
    Safetensors file;
    for (const auto& [name, values] : state_->weights)
        file.tensors["weights/" + name] = StoredTensor::from(values);
    for (const auto& [name, values] : state_->sgd.velocity())
        file.tensors["momentum/" + name] = StoredTensor::from(values);
    if (state_->quantizer)
        for (const auto& [name, values] : state_->quantizer->state())
            file.tensors["quantizer/" + name] = StoredTensor::from(values);
    file.metadata = {{"format", "nibble-checkpoint-2"},
                     {"identity", state_->identity},
                     {"steps", std::to_string(state_->steps)},
                     {"extra", extra}};
    write_safetensors(path, file);
}

std::string Trainer::load(const std::filesystem::path& path) {
    const Safetensors file = read_safetensors(path);
    const std::string where = path.string();
    const auto meta = [&](const char* key) {
        const auto it = file.metadata.find(key);
        if (it == file.metadata.end())
            throw BadInput(where + ": not a checkpoint: metadata '" + key + "' is missing");
        return it->second;
    };
    if (meta("format") != "nibble-checkpoint-2")
        throw BadInput(where, "checkpoint format", "nibble-checkpoint-2", meta("format"));
    if (meta("identity") != state_->identity)
        throw BadInput(where +
                       ": the checkpoint belongs to another run (network, recipe, numerics or seed differ)");
    const std::string steps = meta("steps");
    if (steps.empty() || steps.size() > 15 || steps.find_first_not_of("0123456789") != std::string::npos)
        throw BadInput(where, "step count", "a number", "'" + steps + "'");

    const auto read = [&](const std::string& prefix, const Weights& like) {
        Weights values;
        for (const auto& [name, old] : like) {
            const auto it = file.tensors.find(prefix + name);
            if (it == file.tensors.end())
                throw BadInput(where + ": tensor '" + prefix + name + "' is missing");
            if (it->second.shape != Shape(old.shape().begin(), old.shape().end()))
                throw BadInput(where + ": tensor '" + prefix + name + "' has another shape");
            values[name] = it->second.to_f32();
        }
        return values;
    };
    Weights weights = read("weights/", state_->weights), velocity = read("momentum/", state_->sgd.velocity());
    for (const auto& [name, values] : velocity)
        if (!xt::all(xt::isfinite(values)))
            throw BadInput(where + ": tensor 'momentum/" + name + "' is not finite");
    if (state_->quantizer) {
        const std::string prefix = "quantizer/";
        std::map<std::string, Array<float>> state;
        for (const auto& [name, tensor] : file.tensors)
            if (name.starts_with(prefix)) state.emplace(name.substr(prefix.size()), tensor.to_f32());
        state_->quantizer->set_state(state);
    }
    set_weights(std::move(weights));
    state_->sgd.velocity() = std::move(velocity);
    state_->steps = std::stoull(steps);
    return meta("extra");
}

}  // namespace nibble
