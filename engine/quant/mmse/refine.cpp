#include "engine/quant/mmse/refine.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/core/math.hpp"
#include "engine/core/parallel.hpp"
#include "engine/nn/loss.hpp"
#include "engine/nn/network.hpp"
#include "engine/quant/input_codes.hpp"

namespace nibble::mmse {
namespace {

/// What layers read; residuals and poolings stay floats, their quantizers move no gradient.
std::map<GraphEdge, Quantizer> inputs_of_products(const Graph& graph, const Quantization& quantization) {
    std::map<GraphEdge, Quantizer> inputs;
    for (const auto& [edge, quantizer] : quantization.edges)
        if (is_product(graph[edge.reader])) inputs.emplace(edge, quantizer);
    return inputs;
}

/// One step of weights and the logarithm that Adam moves.
struct TunedStep {
    float* step;
    float initial;
    double log = 0, first = 0, second = 0;  ///< the logarithm of step / initial; Adam's moments

    explicit TunedStep(float* s) : step(s), initial(*s) {}
    void set(double l) {
        log = l;
        *step = static_cast<float>(static_cast<double>(initial) * exact_exp(l));
    }
};

/// The kernels of one layer that share no scale with others, and d loss / d log alpha of each.
class LayerScales {
  public:
    explicit LayerScales(QuantizedWeights& weights) : weights_(weights) {
        for (float& step : weights.steps) scales_.emplace_back(&step);
        for (ExtraTerm& term : weights.extra)
            for (float& step : term.steps) scales_.emplace_back(&step);
    }

    std::vector<TunedStep>& scales() { return scales_; }
    const QuantizedWeights& weights() const { return weights_; }

    /// In the order of scales(), from d loss / d W.
    std::vector<double> gradients(const Array<float>& by_weight) const {
        const std::size_t size = weights_.codes.size() / weights_.outputs();
        std::vector<double> gradients(scales_.size(), 0.0);
        // < by_weight of the output, codes of kernel number k > goes to a scale.
        const auto add = [&](std::size_t scale, std::size_t kernel, std::size_t output) {
            double product = 0.0;
            for (std::size_t i = 0; i < size; ++i)
                product += static_cast<double>(by_weight.data()[output * size + i]) *
                           weights_.product_of(kernel * size + i);
            gradients[scale] += product * static_cast<double>(*scales_[scale].step);
        };
        for (std::size_t o = 0; o < weights_.outputs(); ++o) add(weights_.steps.size() == 1 ? 0 : o, o, o);
        std::size_t scale = weights_.steps.size(), kernel = weights_.outputs();
        for (const ExtraTerm& term : weights_.extra)
            for (std::uint32_t output : term.outputs) add(scale++, kernel++, output);
        return gradients;
    }

  private:
    QuantizedWeights& weights_;
    std::vector<TunedStep> scales_;
};

void adam(const Refinement& o, int step, std::span<const double> gradients, std::vector<TunedStep>& scales) {
    double unbiased_1 = 1, unbiased_2 = 1;
    for (int i = 0; i <= step; ++i) unbiased_1 *= o.decay_1, unbiased_2 *= o.decay_2;
    const double rate = o.rate * (1 - static_cast<double>(step) / o.steps);
    for (std::size_t i = 0; i < scales.size(); ++i) {
        TunedStep& s = scales[i];
        s.first = o.decay_1 * s.first + (1 - o.decay_1) * gradients[i];
        s.second = o.decay_2 * s.second + (1 - o.decay_2) * gradients[i] * gradients[i];
        const double first = s.first / (1 - unbiased_1), second = s.second / (1 - unbiased_2);
        s.set(s.log - rate * first / (std::sqrt(second) + o.eps));
    }
}

class Refiner {
  public:
    Refiner(const FoldedNetwork& folded, std::span<const float> images, std::span<const float> targets,
            const Refinement& options, Quantization& quantization)
        : options_(options),
          images_(images),
          targets_(targets),
          quantizers_(folded.graph, inputs_of_products(folded.graph, quantization)),
          weights_(folded.weights) {
        for (auto& [name, layer] : quantization.layers) layers_.emplace(name, LayerScales(layer));
        for (const auto& [name, values] : weights_) gradients_[name] = xt::zeros<float>(values.shape());
        take_over();
        network_ = std::make_unique<Network>(folded.graph, Numerics::f32, Network::Mode::training,
                                             options.batch, weights_, gradients_, &quantizers_);
        size_ = network_->image_size();
        classes_ = static_cast<std::size_t>(network_->classes());
        count_ = images.size() / size_;
        if (count_ == 0 || count_ * size_ != images.size() || targets.size() != count_ * classes_)
            throw BadInput(
                "refinement", "sizes of images and logits",
                "n x " + std::to_string(size_) + " and n x " + std::to_string(classes_) + ", at least one",
                std::to_string(images.size()) + " and " + std::to_string(targets.size()));
    }

    RefinementLoss run() {
        const double before = loss();
        const auto batch = static_cast<std::size_t>(options_.batch);
        std::size_t first = 0;
        for (int step = 0; step < options_.steps; ++step) {
            forward(first, std::min(batch, count_ - first));
            network_->backward(logit_gradients_);
            parallel_over_layers([&](const std::string& name, LayerScales& layer) {
                adam(options_, step, layer.gradients(gradients_.at(name + ".weight")), layer.scales());
            });
            update();
            first = first + batch < count_ ? first + batch : 0;
        }
        const double after = loss();
        if (after < before) return {before, after};
        for (auto& [name, layer] : layers_)
            for (TunedStep& s : layer.scales()) *s.step = s.initial;
        return {before, before};
    }

  private:
    template <class Body>
    void parallel_over_layers(Body&& body) {
        std::vector<std::pair<const std::string, LayerScales>*> all;
        for (auto& layer : layers_) all.push_back(&layer);
        parallel_for(all.size(), [&](std::size_t i) { body(all[i]->first, all[i]->second); });
    }

    /// The weights are what codes and scales say.
    void take_over() {
        parallel_over_layers([&](const std::string& name, LayerScales& layer) {
            weights_.at(name + ".weight") = layer.weights().values();
        });
    }
    void update() {
        take_over();
        network_->update_weights();
    }

    /// The sum of the losses of images [first, first + n), and their gradients of the mean.
    double forward(std::size_t first, std::size_t n) {
        network_->forward(images_.subspan(first * size_, n * size_));
        logit_gradients_.resize(n * classes_);
        double sum = 0;
        for (std::size_t i = 0; i < n; ++i)
            sum += squared_error(
                network_->logits(static_cast<int>(i)), targets_.subspan((first + i) * classes_, classes_),
                1.0 / static_cast<double>(n), std::span(logit_gradients_).subspan(i * classes_, classes_));
        return sum;
    }

    double loss() {
        double sum = 0;
        const auto batch = static_cast<std::size_t>(options_.batch);
        for (std::size_t first = 0; first < count_; first += batch)
            sum += forward(first, std::min(batch, count_ - first));
        return sum / static_cast<double>(count_);
    }

    Refinement options_;
    std::span<const float> images_, targets_;
    InputQuantizers quantizers_;
    std::map<std::string, LayerScales> layers_;
    Weights weights_, gradients_;
    std::unique_ptr<Network> network_;
    std::size_t size_ = 0, classes_ = 0, count_ = 0;
    std::vector<float> logit_gradients_;
};

void check(const Refinement& o) {
    const auto require = [](bool ok, const char* what, double found, const char* expected) {
        if (!ok) throw BadInput("refinement", what, expected, std::to_string(found));
    };
    require(o.batch >= 1 && o.batch <= 65536, "batch", o.batch, "1 to 65536");
    require(o.steps >= 1, "steps", o.steps, "at least 1");
    require(o.rate > 0 && o.rate <= 1, "rate", o.rate, "above 0, at most 1");
    for (double decay : {o.decay_1, o.decay_2})
        require(decay >= 0 && decay < 1, "decay", decay, "0 to 1, not 1");
    require(o.eps > 0, "eps", o.eps, "above 0");
}

}  // namespace

RefinementLoss refine_scales(const FoldedNetwork& folded, std::span<const float> images,
                             std::span<const float> targets, const Refinement& options,
                             Quantization& quantization) {
    check(options);
    folded.graph.check(folded.weights);
    nibble::check(quantization, folded.graph, folded.weights);
    flush_denormals();
    return Refiner(folded, images, targets, options, quantization).run();
}

}  // namespace nibble::mmse
