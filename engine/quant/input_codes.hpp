// Networks of which only one side of the products is quantized: inputs of layers become codes, weights are
// whatever floats they are. A product is the float product of codes and weights, times the step of a code.
#pragma once

#include <map>
#include <string>

#include "engine/nn/layer_quantizer.hpp"
#include "engine/quant/quantized.hpp"

namespace nibble {

/// The codes of a layer's input.
InputCodes codes_by(const Quantizer& quantizer, int channels);

/// For evaluation alone: it learns nothing and remembers nothing.
class InputQuantizers : public NetworkQuantizer {
  public:
    /// Takes the quantizers of what convolutions and linear layers read; those by channel belong to weights that are
    /// divided by their multipliers (quantizer.hpp). Throws Unsupported for others (additions, poolings), BadInput for
    /// what does not fit the graph.
    InputQuantizers(const Graph& graph, const std::map<GraphEdge, Quantizer>& edges);
    ~InputQuantizers() override;

    LayerQuantizer* layer(const std::string& name) override;
    void finish_part(int) override {}
    void finish_step(std::size_t) override {}
    std::map<std::string, Array<float>> state() const override { return {}; }
    void set_state(const std::map<std::string, Array<float>>&) override {}
    std::string identity() const override { return "inputs as codes"; }

  private:
    class Layer;
    std::map<std::string, Layer> layers_;
};

}  // namespace nibble
