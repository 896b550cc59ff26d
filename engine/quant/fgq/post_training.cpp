#include "engine/quant/fgq/post_training.hpp"

#include "engine/quant/corrections/batch_norm.hpp"
#include "engine/quant/fgq/multiplications.hpp"
#include "engine/quant/fgq/quantizer.hpp"
#include "engine/quant/fgq/statistics.hpp"

namespace nibble::fgq {
namespace {

constexpr std::size_t kImages = 1000;
constexpr int kResidualBits = 8;

std::map<std::string, double> facts_of(const FoldedNetwork& network,
                                       const std::map<std::string, QuantizedWeights>& layers) {
    const Statistics s = statistics_of(network.weights, layers);
    const Multiplications m = multiplications_of(network.graph, layers);
    return {{"weight_error", s.error},
            {"density", s.density},
            {"groups", static_cast<double>(s.groups)},
            {"groups_helped_by_two_thresholds", static_cast<double>(s.helped_by_two_thresholds)},
            {"multiplications", static_cast<double>(m.all)},
            {"multiplications_left", static_cast<double>(m.left)}};
}

class Fgq : public PostTrainingMethod {
  public:
    explicit Fgq(const Method& method) : method_(method) {}

    std::string text() const override { return to_string(method_); }
    std::size_t calibration_images() const override {
        return method_.quantizes() && (method_.activation_bits > 0 || method_.norms != Norms::old) ? kImages
                                                                                                   : 0;
    }
    bool observes_activations() const override { return method_.activation_bits > 0; }
    bool wants_augmented_images() const override {
        return method_.quantizes() && method_.norms == Norms::estimated;
    }
    std::vector<std::string> golden() const override { return {"fgq"}; }

    PostTrained quantize(const FloatNetwork& network, const Calibration& calibration) const override {
        PostTrained made{network.folded, {}};
        if (!method_.quantizes()) return made;
        const Graph& graph = network.folded.graph;
        const NetworkLayers layers(graph, method_, calibration.activations);
        if (method_.activation_bits > 0) {
            made.quantization = layers.quantization(network.folded.weights);
            quantize_residuals(graph, calibration.activations, kResidualBits, method_.exponents,
                               made.quantization);
        } else {
            made.quantization.layers = layers.quantized_weights(network.folded.weights);
        }
        if (method_.group > 0) made.facts = facts_of(network.folded, made.quantization.layers);
        if (method_.norms != Norms::old)
            reestimate_batch_norm(
                network.graph, network.weights,
                method_.norms == Norms::estimated ? calibration.augmented : calibration.images,
                method_.norms == Norms::matched ? NormTarget::float_network : NormTarget::parameters,
                made.network, made.quantization);
        return made;
    }

  private:
    Method method_;
};

}  // namespace

std::unique_ptr<PostTrainingMethod> post_training(const std::string& settings) {
    return std::make_unique<Fgq>(method_from(settings));
}

}  // namespace nibble::fgq
