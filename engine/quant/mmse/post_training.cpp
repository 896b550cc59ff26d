#include "engine/quant/mmse/post_training.hpp"

#include <algorithm>
#include <cmath>

#include "engine/core/error.hpp"
#include "engine/core/reduce.hpp"
#include "engine/nn/predictor.hpp"
#include "engine/quant/calibration/aciq.hpp"
#include "engine/quant/calibration/kl.hpp"
#include "engine/quant/calibration/percentile.hpp"
#include "engine/quant/corrections/batch_norm.hpp"
#include "engine/quant/corrections/bias_correction.hpp"
#include "engine/quant/corrections/unbiased.hpp"
#include "engine/quant/diagnosis/relative_error.hpp"
#include "engine/quant/edges.hpp"
#include "engine/quant/equalization/equalization.hpp"
#include "engine/quant/gptq/layers.hpp"
#include "engine/quant/mmse/activations.hpp"
#include "engine/quant/mmse/dual_weights.hpp"
#include "engine/quant/mmse/error_curve.hpp"
#include "engine/quant/mmse/refine.hpp"
#include "engine/quant/mmse/weights.hpp"

namespace nibble::mmse {
namespace {

constexpr int kCurvePoints = 100;
using Curve = std::vector<std::pair<double, double>>;

Quantizer quantizer_of(const Histogram& histogram, int bits, const Method& method) {
    switch (method.clipping) {
        case Clipping::mmse:
            return quantize_activations(histogram, bits);
        case Clipping::asymmetric:
            return quantize_activations_asymmetric(histogram, bits);
        case Clipping::max_abs:
            return quantizer_clipping_at(static_cast<double>(histogram.magnitude()), histogram, bits);
        case Clipping::percentile:
            return quantizer_clipping_at(percentile_threshold(histogram, method.percentile), histogram, bits);
        case Clipping::kl:
            return quantizer_clipping_at(kl_threshold(histogram, bits), histogram, bits);
        case Clipping::aciq:
            return quantizer_clipping_at(aciq_threshold(histogram, bits), histogram, bits);
    }
    return {};
}

class Quantizing {
  public:
    Quantizing(const FloatNetwork& network, const Calibration& calibration, const Method& method)
        : network_(network),
          folded_(network.folded),
          graph_(network.folded.graph),
          calibration_(calibration),
          method_(method),
          weighted_(graph_.weighted_layers()) {}

    PostTrained run() {
        const bool fits = method_.feedback == Feedback::gptq_float;
        if (method_.quantizes_weights() && !fits) quantize_weights();
        if (method_.solver == Solver::grid && method_.per_tensor && !fits) keep_curves();
        if (method_.dual_percent > 0) make_dual();
        if (method_.unbiased)
            for (int i : weighted_) remove_scale_bias(weights(i), quantization_.layers.at(graph_[i].name));
        if (method_.quantizes_activations())
            for (int i : weighted_) quantize_edge({i, 0}, bits(i, method_.activation_bits));
        if (method_.residual_bits > 0) quantize_residuals();
        FoldedNetwork network = folded_;
        const auto images = calibration_.images;
        if (method_.feedback == Feedback::gptq) gptq::round_layers(folded_, images, quantization_);
        if (fits)
            gptq::fit_layers(
                network, images, [&](int i, const Array<float>& w) { return quantized(i, w); }, quantization_,
                method_.by_channel ? gptq::QuantizeChannels(quantize_channels) : nullptr);
        PostTrained result{std::move(network), std::move(quantization_), std::move(facts_),
                           std::move(curves_)};
        finish(result);
        return result;
    }

  private:
    bool is_end(int i) const { return i == weighted_.front() || i == weighted_.back(); }
    int bits(int i, int wish) const { return method_.wide_ends && is_end(i) ? 8 : wish; }
    const Array<float>& weights(int i) const { return folded_.weights.at(graph_[i].name + ".weight"); }

    QuantizedWeights quantized(int i, const Array<float>& weights) const {
        const Scheme scheme{.bits = bits(i, method_.weight_bits),
                            .granularity = method_.per_tensor ? Granularity::tensor : Granularity::channel};
        return mmse::quantize_weights(weights, scheme, method_.solver);
    }

    void quantize_weights() {
        for (int i : weighted_) quantization_.layers.emplace(graph_[i].name, quantized(i, weights(i)));
    }

    void keep_curves() {
        std::vector<std::pair<double, std::string>> by_error;
        std::map<std::string, Curve> all;
        for (int i : weighted_) {
            if (is_end(i)) continue;
            const Array<float>& w = weights(i);
            Curve curve = error_curve(Distribution(std::span(w.data(), w.size())),
                                      codes_of(quantization_.layers.at(graph_[i].name).scheme), kCurvePoints);
            if (curve.empty()) continue;
            by_error.emplace_back(curve.back().second, graph_[i].name);
            all.emplace(graph_[i].name, std::move(curve));
        }
        std::sort(by_error.begin(), by_error.end());
        if (by_error.empty()) return;
        for (std::size_t k : {std::size_t{0}, by_error.size() / 2, by_error.size() - 1})
            curves_.emplace(by_error[k].second, all.at(by_error[k].second));
    }

    /// The worst channels of the whole network, wide ends apart.
    void make_dual() {
        std::vector<int> layers;
        std::vector<double> errors;
        for (int i : weighted_) {
            if (method_.wide_ends && is_end(i)) continue;
            layers.push_back(i);
            const auto of_layer = relative_errors(weights(i), quantization_.layers.at(graph_[i].name));
            errors.insert(errors.end(), of_layer.begin(), of_layer.end());
        }
        const auto worst = worst_channels(errors, method_.dual_percent / 100.0);
        facts_["tau"] = largest_but(errors, worst);
        std::uint32_t first = 0;
        for (int i : layers) {
            const auto outputs = static_cast<std::uint32_t>(graph_[i].out.c);
            std::vector<std::uint32_t> channels;
            for (std::uint32_t k : worst)
                if (k >= first && k < first + outputs) channels.push_back(k - first);
            first += outputs;
            if (channels.empty()) continue;
            const Scheme sum{.kind = Kind::sum, .bits = method_.weight_bits, .terms = 2};
            quantization_.layers.at(graph_[i].name) =
                quantize_dual(weights(i), sum, channels, method_.solver);
        }
    }

    /// The largest error that is left single; 0 if none is.
    static double largest_but(const std::vector<double>& errors, const std::vector<std::uint32_t>& without) {
        double largest = 0;
        for (std::uint32_t k = 0; k < errors.size(); ++k)
            if (!std::binary_search(without.begin(), without.end(), k))
                largest = std::max(largest, errors[k]);
        return largest;
    }

    void quantize_edge(GraphEdge edge, int bits) {
        const std::pair key{source_of(graph_, edge), bits};
        auto known = quantizers_.find(key);
        if (known == quantizers_.end())
            known = quantizers_.emplace(key, quantizer_of(calibration_.activations[key.first], bits, method_))
                        .first;
        quantization_.edges.emplace(edge, known->second);
    }

    void quantize_residuals() {
        for (const GraphEdge& edge : residual_edges(graph_)) quantize_edge(edge, method_.residual_bits);
    }

    /// The passes over the quantized network.
    void finish(PostTrained& result) const {
        const auto images = calibration_.images;
        if (method_.batch_norm)
            reestimate_batch_norm(network_.graph, network_.weights,
                                  method_.augments() ? calibration_.augmented : images, *method_.batch_norm,
                                  result.network, result.quantization);
        if (method_.bias_correction)
            result.curves["output deviation"] =
                by_layer(correct_biases(images, result.network, result.quantization));
        if (method_.bias_correction && method_.quantizes_weights())
            result.curves["weight norm"] = by_layer(weight_norms(result.quantization));
        if (!method_.refined) return;
        const std::size_t n = images.size() / graph_.input_dims().size();
        std::vector<float> targets(n * static_cast<std::size_t>(graph_.classes()));
        Predictor(graph_, folded_.weights, Numerics::f32).logits(images, targets);
        const RefinementLoss loss = refine_scales(result.network, images, targets, {}, result.quantization);
        result.facts["loss_before"] = loss.before;
        result.facts["loss_after"] = loss.after;
    }

    /// ||W^|| / ||W|| of each layer.
    std::vector<double> weight_norms(const Quantization& quantization) const {
        std::vector<double> norms;
        for (int i : weighted_) {
            const Array<float> q = quantization.layers.at(graph_[i].name).values();
            norms.push_back(std::sqrt(squared_norm(q) / squared_norm(weights(i))));
        }
        return norms;
    }

    static double squared_norm(const Array<float>& w) {
        return ordered_sum(xt::square(xt::cast<double>(vector_of(w.data(), w.size()))));
    }

    /// Over the layers' numbers, from 1.
    static Curve by_layer(const std::vector<double>& values) {
        Curve curve;
        for (double v : values) curve.emplace_back(static_cast<double>(curve.size() + 1), v);
        return curve;
    }

    const FloatNetwork& network_;
    const FoldedNetwork& folded_;
    const Graph& graph_;
    const Calibration& calibration_;
    const Method& method_;
    std::vector<int> weighted_;
    std::map<std::pair<std::size_t, int>, Quantizer> quantizers_;  ///< by source and bits
    Quantization quantization_;
    std::map<std::string, double> facts_;
    std::map<std::string, Curve> curves_;
};

class Mmse : public PostTrainingMethod {
  public:
    explicit Mmse(const Method& method) : method_(method) {}

    std::string text() const override { return to_string(method_); }
    std::size_t calibration_images() const override {
        return method_.calibrates() ? static_cast<std::size_t>(method_.images) : 0;
    }
    bool states_calibration_images() const override { return method_.images != Method::kImages; }
    bool observes_activations() const override { return method_.quantizes_activations(); }
    bool wants_augmented_images() const override { return method_.augments(); }
    std::vector<std::string> golden() const override {
        std::vector<std::string> entries{"mmse"};
        if (method_.equalized) entries.emplace_back("equalization");
        if (method_.dual_percent > 0) entries.emplace_back("mmse dual");
        if (method_.clipping != Clipping::mmse && method_.clipping != Clipping::asymmetric)
            entries.emplace_back("clipping");
        if (method_.solver == Solver::max_abs_full) entries.emplace_back("max-abs full");
        if (method_.unbiased) entries.emplace_back("unbiased");
        if (method_.feedback == Feedback::gptq) entries.emplace_back("gptq");
        if (method_.feedback == Feedback::gptq_float) entries.emplace_back("gptq float");
        if (method_.by_channel) entries.emplace_back("activations by channel");
        if (method_.clipping == Clipping::asymmetric) entries.emplace_back("zero point");
        if (method_.batch_norm) entries.emplace_back("batch norm");
        if (method_.augments()) entries.emplace_back("batch norm augmented");
        if (method_.bias_correction) entries.emplace_back("bias correction");
        if (method_.bias_correction) entries.emplace_back("curves by layer");
        if (method_.refined) entries.emplace_back("refinement");
        return entries;
    }
    std::map<std::string, double> prepare(FoldedNetwork& network) const override {
        if (!method_.equalized) return {};
        const Equalization e = equalize(network);
        return {{"pairs", e.pairs}, {"rounds", e.rounds}};
    }
    PostTrained quantize(const FloatNetwork& network, const Calibration& calibration) const override {
        return mmse::quantize(network, calibration, method_);
    }

  private:
    Method method_;
};

}  // namespace

PostTrained quantize(const FloatNetwork& network, const Calibration& calibration, const Method& method) {
    return Quantizing(network, calibration, method).run();
}

std::unique_ptr<PostTrainingMethod> post_training(const std::string& settings) {
    return std::make_unique<Mmse>(method_from(settings));
}

std::unique_ptr<PostTrainingMethod> equalized_post_training(const std::string& settings) {
    Method method = method_from(settings);
    method.equalized = true;
    return std::make_unique<Mmse>(method_from(to_string(method)));
}

std::unique_ptr<PostTrainingMethod> gptq_post_training(const std::string& settings) {
    return std::make_unique<Mmse>(method_from(settings, Feedback::gptq));
}

std::unique_ptr<PostTrainingMethod> gptq_float_post_training(const std::string& settings) {
    return std::make_unique<Mmse>(method_from(settings, Feedback::gptq_float));
}

}  // namespace nibble::mmse
