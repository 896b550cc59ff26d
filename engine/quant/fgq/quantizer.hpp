// A network with ternary weights in groups and activations in dynamic fixed point: after training, and while
// it is trained further ("fine-tuned") from its float weights.
//
// The first convolution has 8-bit weights: its 3 input channels make no group. All other layers are ternary
// (weights.hpp), the last one, too. Codes that are not ternary have one scale per output channel, of least
// squared error. Every layer reads activations (activations.hpp) of the same bits, but the first one reads
// the image in 8; their exponents come from calibration and do not change.
//
// Fine-tuning keeps float weights for the optimizer and ternarizes them anew at every step, so products are
// those of the integer kernels (codes times multipliers). Gradients take ternarization for the identity (the
// straight-through estimator) and pass an input where it does not saturate. Floats stay: batch norm, residual
// additions, poolings, gradients.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engine/nn/graph.hpp"
#include "engine/quant/calibration/calibration.hpp"
#include "engine/quant/fgq/method.hpp"
#include "engine/quant/training_quantizer.hpp"

namespace nibble::fgq {

class Layer : public LayerQuantizer {
  public:
    /// Weights by `scheme`: t-gN, or uniform codes per output channel.
    Layer(const Scheme& scheme, Rule rule) : scheme_(scheme), rule_(rule) {}

    void encode(const Array<float>& weights, WeightCodes& to) const override;
    const InputCodes* input() const override { return codes_ ? &*codes_ : nullptr; }

    /// How its input of so many channels is quantized.
    void set_input(const Quantizer& quantizer, int channels);
    /// Nothing while the input stays float.
    const std::optional<Quantizer>& quantizer() const { return quantizer_; }
    QuantizedWeights quantized(const Array<float>& weights) const;

  private:
    Scheme scheme_;
    Rule rule_;
    std::optional<Quantizer> quantizer_;
    std::optional<InputCodes> codes_;
};

class NetworkLayers : public TrainingQuantizer {
  public:
    /// `activations` of the float network by node of the graph, as observe_histograms() gives them. Empty:
    /// activations are float until set_state(). The graph must outlive it. Throws BadInput for a method that
    /// quantizes nothing and for another number of nodes.
    NetworkLayers(const Graph& graph, const Method& method, const std::vector<Histogram>& activations);

    LayerQuantizer* layer(const std::string& name) override;
    void finish_part(int) override {}
    void finish_step(std::size_t) override {}
    /// "<layer>.input_step" [2], unless activations stay float: the step, and 1 where codes are signed, else 0.
    std::map<std::string, Array<float>> state() const override;
    void set_state(const std::map<std::string, Array<float>>& state) override;
    std::string identity() const override;

    /// Once activations are known.
    bool complete() const override;
    /// What is added stays float.
    Quantization quantization(const Weights& weights) const override;
    /// Of all layers, by name.
    std::map<std::string, QuantizedWeights> quantized_weights(const Weights& weights) const;
    Weights rounded(const Weights& weights) const override;

  private:
    struct Place {
        int node;
        int input_bits;
        std::unique_ptr<Layer> layer;
    };
    void set_input(const Place& place, const Quantizer& quantizer);

    const Graph& graph_;
    Method method_;
    std::vector<Place> layers_;  ///< in the order of the graph
};

/// What additions read besides the layer they follow, as dynamic fixed point of `bits`: not what fine-tuning
/// computes with, but what a network does whose every tensor in memory is of few bits.
void quantize_residuals(const Graph& graph, const std::vector<Histogram>& activations, int bits,
                        Exponents exponents, Quantization& quantization);

}  // namespace nibble::fgq
