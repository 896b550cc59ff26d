#include "experiments/pipeline/evaluation.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

#include "datasets/loader.hpp"
#include "engine/core/digest.hpp"
#include "engine/core/error.hpp"
#include "engine/core/math.hpp"
#include "engine/infer/executor.hpp"
#include "engine/nn/predictor.hpp"
#include "experiments/support/interrupt.hpp"

namespace nibble {

namespace {
constexpr std::size_t kBatch = 250;  // divides the usual test sets; no result depends on it

/// Counts of one data set, filled image by image.
struct Tally {
    std::size_t first = 0, among_five = 0;
    double loss = 0;

    /// Returns the predicted class.
    std::int32_t add(std::span<const float> logits, std::int32_t label) {
        const auto predicted =
            static_cast<std::int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
        const auto truth = static_cast<std::size_t>(label);
        std::size_t ahead = 0;
        for (std::size_t c = 0; c < logits.size(); ++c)
            ahead += logits[c] > logits[truth] || (logits[c] == logits[truth] && c < truth);
        first += predicted == label;
        among_five += ahead < 5;
        // -log softmax = log(sum exp(z - max)) - (z_label - max)
        const double top = logits[static_cast<std::size_t>(predicted)];
        double sum = 0;
        for (float z : logits) sum += exact_exp(static_cast<double>(z) - top);
        loss += exact_log(sum) - (static_cast<double>(logits[truth]) - top);
        return predicted;
    }
};

}  // namespace

std::string Evaluation::predictions_digest() const {
    return Digest().add(std::span<const std::int32_t>(predictions)).hex();
}

void check_fit(const Classifier& network, const Dataset& images) {
    const Dims dims = network.input;
    const ImageShape expected{dims.h, dims.w, dims.c};
    if (images.shape() != expected)
        throw BadInput(images.name(), "image shape", to_string(expected), to_string(images.shape()));
    if (images.classes() > network.classes)
        throw BadInput(images.name(), "classes",
                       "at most the " + std::to_string(network.classes) + " of the network",
                       std::to_string(images.classes()));
}

Classifier make_classifier(const Graph& graph, const Weights& weights, Numerics numerics,
                           std::unique_ptr<NetworkQuantizer> quantizer) {
    const auto predictor = std::make_shared<Predictor>(graph, weights, numerics, std::move(quantizer));
    return {graph.input_dims(), graph.classes(),
            [predictor](std::span<const float> images, std::span<float> logits) {
                predictor->logits(images, logits);
            }};
}

Classifier make_classifier(const IntegerGraph& graph) {
    const auto executor = std::make_shared<IntegerExecutor>(graph);
    return {graph.input_dims(), graph.classes(),
            [executor](std::span<const float> images, std::span<float> logits) {
                executor->logits(images, logits);
            }};
}

Evaluation evaluate(const Classifier& network, const Dataset& images, const EvaluationOptions& options) {
    check_fit(network, images);
    LoaderOptions loading = evaluation_options(kBatch);
    loading.normalization = options.normalization;
    Loader loader(images, loading);
    Progress progress(options.progress, options.label, images.size(), "images");

    Evaluation result;
    Tally tally;
    const auto classes = static_cast<std::size_t>(network.classes);
    std::vector<float> pixels, logits;
    std::vector<std::int32_t> labels;
    for (std::size_t step = 0; step < loader.steps_per_epoch(); ++step) {
        if (interrupt_signal() != 0)
            throw Interrupted("interrupted during an evaluation", interrupt_signal());
        loader.load(0, step, pixels, labels);
        if (step == 0)
            result.input_digest =
                Digest().add(std::span<const float>(pixels).first(pixels.size() / labels.size())).hex();
        logits.resize(labels.size() * classes);
        network.logits(pixels, logits);
        if (!std::all_of(logits.begin(), logits.end(), [](float z) { return std::isfinite(z); }))
            throw Error(images.name() + ": the network's logits are not finite; the weights are not usable");
        for (std::size_t i = 0; i < labels.size(); ++i) {
            result.predictions.push_back(tally.add({logits.data() + i * classes, classes}, labels[i]));
            result.correct.push_back(result.predictions.back() == labels[i]);
        }
        if (options.keep_logits) result.logits.insert(result.logits.end(), logits.begin(), logits.end());
        progress.update(result.predictions.size());
    }
    const auto n = static_cast<double>(result.predictions.size());
    result.images = result.predictions.size();
    result.top1 = 100.0 * static_cast<double>(tally.first) / n;
    result.top5 = 100.0 * static_cast<double>(tally.among_five) / n;
    result.loss = tally.loss / n;
    return result;
}

}  // namespace nibble
