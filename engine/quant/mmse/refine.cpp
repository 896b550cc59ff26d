#include "engine/quant/mmse/refine.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/core/math.hpp"
#include "engine/core/parallel.hpp"
#include "engine/core/reduce.hpp"
#include "engine/nn/loss.hpp"
#include "engine/nn/network.hpp"
#include "engine/quant/input_codes.hpp"

namespace nibble::mmse {
namespace {

/// What layers read; residuals and poolings stay floats, their quantizers move no gradient.
std::map<GraphEdge, Quantizer> inputs_of_weighted_layers(const Graph& graph,
                                                         const Quantization& quantization) {
    std::map<GraphEdge, Quantizer> inputs;
    for (const auto& [edge, quantizer] : quantization.edges)
        if (is_weighted(graph[edge.reader])) {
            if (quantizer.by_channel())
                throw Unsupported(
                    describe(graph, edge.reader) +
                    ": reads codes with a scale per channel; scales are refined for one per tensor");
            inputs.emplace(edge, quantizer);
        }
    return inputs;
}

/// The scales of one layer and what Adam keeps of each.
class LayerScales {
  public:
    explicit LayerScales(QuantizedWeights& weights)
        : weights_(weights),
          codes_(std::array{weights.term_channels(), weights.codes.size() / weights.outputs()}) {
        for (std::size_t o = 0; o < weights.outputs(); ++o)
            add_channel(weights.steps[weights.steps.size() == 1 ? 0 : o], o);
        for (ExtraTerm& term : weights.extra)
            for (std::size_t j = 0; j < term.outputs.size(); ++j) add_channel(term.steps[j], term.outputs[j]);
        for (std::size_t i = 0; i < codes_.size(); ++i)
            codes_.data()[i] = static_cast<std::int8_t>(weights.product_of(i));
        initial_ = steps();
        log_ = first_ = second_ = xt::zeros<double>({steps_.size()});
    }

    const QuantizedWeights& weights() const { return weights_; }

    /// Adam's step number `step`, from d loss / d W.
    void adam(const Refinement& o, int step, const Array<float>& by_weight) {
        const Vector<double> g = gradient(by_weight);
        double unbiased_1 = 1, unbiased_2 = 1;
        for (int i = 0; i <= step; ++i) unbiased_1 *= o.decay_1, unbiased_2 *= o.decay_2;
        const double rate = o.rate * (1 - static_cast<double>(step) / o.steps);
        first_ = o.decay_1 * first_ + (1 - o.decay_1) * g;
        second_ = o.decay_2 * second_ + (1 - o.decay_2) * g * g;
        log_ -= rate * (first_ / (1 - unbiased_1)) / (xt::sqrt(second_ / (1 - unbiased_2)) + o.eps);
        for (std::size_t s = 0; s < steps_.size(); ++s)
            *steps_[s] = static_cast<float>(initial_(s) * exact_exp(log_(s)));
    }

    void reset() {
        for (std::size_t s = 0; s < steps_.size(); ++s) *steps_[s] = static_cast<float>(initial_(s));
    }

  private:
    /// An output channel of one term, whose codes have this step.
    void add_channel(float& step, std::size_t output) {
        if (steps_.empty() || steps_.back() != &step) steps_.push_back(&step);
        channels_.push_back({output, steps_.size() - 1});
    }

    Vector<double> steps() const {
        Vector<double> steps(std::array{steps_.size()});
        std::ranges::transform(steps_, steps.begin(), [](const float* s) { return static_cast<double>(*s); });
        return steps;
    }

    /// d loss / d log alpha
    Vector<double> gradient(const Array<float>& by_weight) const {
        const std::size_t size = codes_.shape()[1];
        const Vector<double> alpha = steps();
        Vector<double> g = xt::zeros<double>({alpha.size()});
        for (std::size_t k = 0; k < channels_.size(); ++k) {
            const auto [output, scale] = channels_[k];
            const auto by_channel = vector_of(by_weight.data() + output * size, size);
            const auto codes = vector_of(codes_.data() + k * size, size);
            g(scale) += ordered_sum(xt::cast<double>(by_channel) * codes) * alpha(scale);
        }
        return g;
    }

    struct Channel {
        std::size_t output, scale;  ///< which output channel, and which of the scales its codes have
    };

    QuantizedWeights& weights_;
    Matrix<std::int8_t> codes_;  ///< a row for each channel of each term; times their multipliers
    std::vector<Channel> channels_;
    std::vector<float*> steps_;
    Vector<double> initial_, log_, first_, second_;  ///< log(step / initial step); Adam's moments
};

class Refiner {
  public:
    Refiner(const FoldedNetwork& folded, std::span<const float> images, std::span<const float> targets,
            const Refinement& options, Quantization& quantization)
        : options_(options),
          images_(images),
          targets_(targets),
          quantizers_(folded.graph, inputs_of_weighted_layers(folded.graph, quantization)),
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
                layer.adam(options_, step, gradients_.at(name + ".weight"));
            });
            update();
            first = first + batch < count_ ? first + batch : 0;
        }
        const double after = loss();
        if (after < before) return {before, after};
        for (auto& [name, layer] : layers_) layer.reset();
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
