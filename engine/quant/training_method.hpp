// A method that quantizes a network while it is trained, from the start or from a trained network's weights.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/quant/bits.hpp"
#include "engine/quant/calibration/histogram.hpp"
#include "engine/quant/training_quantizer.hpp"

namespace nibble {

/// How names of methods end that fine-tune: they go on from a trained network.
inline constexpr std::string_view kFineTuned = "-ft";

/// What a quantizer is told about the training it is made for; all of it empty to run a trained network.
struct TrainingRun {
    int slots = 0;          ///< images in a part of a batch
    std::size_t steps = 0;  ///< of training in all
    /// Of methods that fine-tune: the float network's activations, by node of the graph.
    std::vector<Histogram> activations = {};
};

class TrainingMethod {
  public:
    virtual ~TrainingMethod() = default;

    /// As experiments and `nibble train --method` write it: "w4a4e8", "g4a8-ft".
    virtual std::string name() const = 0;
    /// What is quantized how, "w4a4e8", "g4a8": the field "quantization" of a resolved configuration.
    virtual std::string settings() const = 0;
    /// What products multiply; activations that stay float count as bf16, in which such networks are trained.
    virtual NetworkBits bits() const = 0;
    virtual bool quantizes_activations() const = 0;
    /// No integers can execute what it trains.
    virtual bool is_simulation() const { return false; }
    /// Above 0: it fine-tunes, starting from a trained network whose activations so many training images show.
    virtual std::size_t calibration_images() const { return 0; }
    /// Names of the entries of tests/golden/training.json that pin its arithmetic, besides that of bf16.
    virtual std::vector<std::string> golden() const = 0;
    /// The graph must outlive it.
    virtual std::unique_ptr<TrainingQuantizer> quantizer(const Graph& graph,
                                                         const TrainingRun& run) const = 0;
};

}  // namespace nibble
