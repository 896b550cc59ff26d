// Quantization after training, whatever the method: from a trained float network and a few images to a
// quantized one.
//
//     fold batch norm -> method: other weights for the same function, or not -> look at activations
//         -> method: codes and steps -> diagnostics per layer
//
// A method is one class; post_training_methods.cpp lists the families that there are.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/nn/fold.hpp"
#include "engine/quant/calibration/histogram.hpp"
#include "engine/quant/quantized.hpp"

namespace nibble {

/// What a method starts from.
struct FloatNetwork {
    const Graph& graph;
    const Weights& weights;
    FoldedNetwork folded;
};

/// What a method sees of the calibration images. All are empty for a method that does not ask for them.
struct Calibration {
    std::span<const float> images;       ///< n x h x w x c, normalised
    std::span<const float> augmented;    ///< the same images as training sees them: cropped, mirrored
    std::vector<Histogram> activations;  ///< by node of the folded graph: those that layers or additions read
};

/// A network quantized without training.
struct PostTrained {
    /// The floats that codes stand for; a method may have corrected biases or estimated batch norm anew.
    FoldedNetwork network;
    Quantization quantization;
    std::map<std::string, double> facts{};  ///< what else a method wants to report: {"tau", 0.013}
    std::map<std::string, std::vector<std::pair<double, double>>>
        curves{};  ///< the same, of more than a number
};

class PostTrainingMethod {
  public:
    virtual ~PostTrainingMethod() = default;

    /// All settings, in the one way they are written: "w4a4e8".
    virtual std::string text() const = 0;
    /// How many images it wants; 0: none.
    virtual std::size_t calibration_images() const = 0;
    /// Whether the settings say how many, so that nobody may ask for another number.
    virtual bool states_calibration_images() const { return false; }
    virtual bool observes_activations() const = 0;
    /// Whether it wants the images augmented, too.
    virtual bool wants_augmented_images() const { return false; }
    /// Entries of tests/golden/post_training.json that pin what it computes.
    virtual std::vector<std::string> golden() const = 0;
    /// Changes the float network before anything looks at its activations; returns facts.
    virtual std::map<std::string, double> prepare(FoldedNetwork& /*network*/) const { return {}; }
    virtual PostTrained quantize(const FloatNetwork& network, const Calibration& calibration) const = 0;
};

/// How one layer came out.
struct LayerDiagnosis {
    std::string name;
    std::optional<Scheme> weights;   ///< nothing: float
    double weight_error = 0;         ///< ||W - W^||^2 / ||W||^2
    double bits_per_weight = 32;     ///< scales included
    std::size_t channels = 0;        ///< of the output
    std::size_t extra_channels = 0;  ///< those that are sums, once for each further term
    std::optional<Quantizer> input;
    std::optional<double> input_error;  ///< ||X - X^||^2 / ||X||^2 over the calibration images
};

struct Diagnosed {
    FoldedNetwork floats;  ///< what was quantized
    PostTrained network;
    std::vector<LayerDiagnosis> layers;  ///< in the order of the graph
};

/// Fewer images are refused.
inline constexpr std::size_t kFewestCalibrationImages = 8;

/// Throws BadInput for weights that do not fit or are not finite, and for images that are too few, not
/// finite, all zero, or of another size, if the method asks for images.
Diagnosed post_train(const PostTrainingMethod& method, const Graph& graph, const Weights& weights,
                     std::span<const float> images, std::span<const float> augmented = {});

/// -10 log10 of a relative squared error, in decibels: the signal-to-quantization-noise ratio.
double sqnr(double relative_error);

/// The network in floats: weights have the values of their codes (input codes are apart: input_codes.hpp).
Weights rounded_weights(const PostTrained& network);

/// Numbers in all layers, bits of each with its share of the scales, 32 where they are float.
double bits_per_weight(const std::vector<LayerDiagnosis>& layers, const Graph& graph);

/// Products of low-bit operands per product of the float network: 1 + the share of multiplications that sums
/// do again.
double product_overhead(const PostTrained& network);

/// True if every layer has quantized weights and a quantized input.
bool runs_as_integers(const PostTrained& network);

}  // namespace nibble
