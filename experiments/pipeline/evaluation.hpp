// Accuracy of a network on a data set.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "datasets/dataset.hpp"
#include "engine/infer/integer_graph.hpp"
#include "engine/nn/layer_quantizer.hpp"
#include "engine/nn/numerics.hpp"
#include "experiments/support/correct_images.hpp"
#include "experiments/support/progress.hpp"

namespace nibble {

inline constexpr double kMostLoss = 1e39;  ///< that of the largest float

struct Metrics {
    double top1 = 0;  ///< percent of images whose label has the largest logit (the first of equal ones)
    double top5 = 0;  ///< percent whose label is among the five largest, earlier classes first among equals
    double loss = 0;  ///< mean softmax cross-entropy, in nats, added up in the order of the images
    std::size_t images = 0;
};

/// Fields in JSON (experiments/support/json_fields.hpp).
template <class Archive>
void fields(Archive& a, Metrics& m) {
    a.field("top1", m.top1, 0, 100);
    a.field("top5", m.top5, 0, 100);
    a.field("loss", m.loss, 0, kMostLoss);
    a.field("images", m.images, 1, std::size_t{1} << 53);
}

/// Metrics and what they were made from.
struct Evaluation : Metrics {
    std::vector<std::int32_t> predictions;  ///< the class with the largest logit, per image in order
    CorrectImages correct;                  ///< whether that is the label
    std::vector<float> logits;              ///< images x classes, if asked for
    std::string input_digest;  ///< SHA-256 over what the network was fed of the first image: h x w x c floats

    /// SHA-256 over `predictions`: four little-endian bytes an image, in the order of the data set, nothing
    /// else.
    std::string predictions_digest() const;
};

struct EvaluationOptions {
    std::optional<Normalization> normalization;  ///< instead of the data set's
    bool keep_logits = false;
    ProgressMode progress = ProgressMode::off;
    std::string label = "eval";  ///< in front of the progress
};

/// A network that gives logits for images, however it computes them.
struct Classifier {
    Dims input;
    int classes = 0;
    std::function<void(std::span<const float> images, std::span<float> logits)> logits;
};
/// Float execution, where a quantizer says so on codes. Throws BadInput when the weights do not fit.
Classifier make_classifier(const Graph& graph, const Weights& weights, Numerics numerics,
                           std::unique_ptr<NetworkQuantizer> quantizer = nullptr);
/// Integer execution.
Classifier make_classifier(const IntegerGraph& graph);

/// Every image once, in order, without augmentation; consumes no random number. Throws BadInput when images
/// and network do not fit, Error for logits that are not finite, Interrupted at a signal.
Evaluation evaluate(const Classifier& network, const Dataset& images, const EvaluationOptions& options = {});

/// Throws BadInput unless the network takes such images and knows as many classes.
void check_fit(const Classifier& network, const Dataset& images);

}  // namespace nibble
