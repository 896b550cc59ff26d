// Training: one object that holds a network's weights and optimizer state and takes one step at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "engine/nn/graph.hpp"
#include "engine/nn/layer_quantizer.hpp"
#include "engine/nn/numerics.hpp"

namespace nibble {

/// Everything about the optimisation that is not the network or the data.
struct Recipe {
    int epochs = 60;
    int batch = 128;
    /// A step takes its batch in so many equal parts and adds their gradients: less memory, the same step but
    /// for batch norm, which sees one part at a time (as devices of a data-parallel training do).
    int parts = 1;
    double learning_rate = 0.1;  ///< peak, reached after the warm-up
    double momentum = 0.9;
    bool nesterov = true;
    double weight_decay = 1e-4;  ///< L2, on tensors of more than one dimension only
    double warmup_epochs = 0;    ///< linear from 0 to the peak
    double cooldown_epochs = 0;  ///< linear to 0 at the end, from where the cosine has come
    double final_fraction = 0;   ///< the cosine ends at this fraction of the peak
    double label_smoothing = 0;  ///< in [0, 1)
};

/// Throws BadInput, beginning with `where`, when a field is out of range.
void check(const Recipe& recipe, const std::string& where);

/// The learning rate of step `step` (0-based), `steps_per_epoch` in each epoch: warm-up, cosine, cool-down.
double learning_rate_at(const Recipe& recipe, std::size_t step, std::size_t steps_per_epoch);

struct StepResult {
    double loss = 0;          ///< mean over the batch, label smoothing included
    std::size_t correct = 0;  ///< arg max equals label, measured before the update
};

class Trainer {
  public:
    /// Initial weights from `seed`: He (fan-in) normal for convolutions, uniform +-1/sqrt(fan-in) for linear
    /// layers, 1 and 0 for batch norm. The quantizer, if there is one, must outlive the trainer. Throws
    /// BadInput on an impossible recipe.
    Trainer(const Graph& graph, Numerics numerics, const Recipe& recipe, std::size_t steps_per_epoch,
            std::uint64_t seed, NetworkQuantizer* quantizer = nullptr);
    ~Trainer();

    /// One forward pass, backward pass and update. images: batch x h x w x c, already normalised; labels in
    /// [0, classes). Throws BadInput on wrong sizes or labels, Error when the loss is no longer finite.
    StepResult step(std::span<const float> images, std::span<const std::int32_t> labels);

    std::size_t steps_done() const;
    const Weights& weights() const;
    /// Replaces the weights (names and shapes must fit); momentum and step count stay.
    void set_weights(Weights weights);
    /// The gradients of the last step, by parameter name.
    const Weights& gradients() const;

    /// Everything needed to go on: weights, momentum, the quantizer's state, step count, and a digest of
    /// graph, recipe, numerics, quantizer and seed, so that load() refuses (BadInput) a checkpoint of another
    /// run; a damaged one it refuses by the digest of the file. `extra` is the caller's: progress so far, say. save() is atomic.
    void save(const std::filesystem::path& path, const std::string& extra) const;
    /// Returns the caller's `extra`. What is refused changes nothing, but perhaps the quantizer's state.
    std::string load(const std::filesystem::path& path);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace nibble
