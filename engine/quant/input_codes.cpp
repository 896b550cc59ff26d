#include "engine/quant/input_codes.hpp"

#include <algorithm>

#include "engine/core/error.hpp"
#include "engine/nn/fusion.hpp"

namespace nibble {

InputCodes codes_by(const Quantizer& quantizer, int channels) {
    const auto c = static_cast<std::size_t>(channels);
    InputCodes codes{.multipliers = std::vector<float>(c, quantizer.multiplier),
                     .steps = std::vector<float>(c, quantizer.step),
                     .lowest = static_cast<float>(quantizer.scheme.lowest()),
                     .highest = static_cast<float>(quantizer.scheme.highest()),
                     .rounding = quantizer.rounding};
    if (quantizer.by_channel()) {
        codes.multipliers = quantizer.multipliers;
        std::ranges::transform(codes.multipliers, codes.steps.begin(), [](float m) { return 1 / m; });
    }
    return codes;
}

class InputQuantizers::Layer : public LayerQuantizer {
  public:
    Layer(const Quantizer& quantizer, int channels)
        : codes_(codes_by(quantizer, channels)), step_(quantizer.step) {}

    void encode(const Array<float>& weights, WeightCodes& to) const override {
        to.codes.assign(weights.begin(), weights.end());
        to.values = to.codes;
        to.units.assign(weights.shape()[0], static_cast<double>(step_));
    }
    const InputCodes* input() const override { return &codes_; }

  private:
    InputCodes codes_;
    float step_;
};

InputQuantizers::InputQuantizers(const Graph& graph, const std::map<GraphEdge, Quantizer>& edges) {
    nibble::check(edges, graph);
    for (const auto& [edge, quantizer] : edges) {
        const Node& reader = graph[edge.reader];
        if (!is_weighted(reader))
            throw Unsupported(describe(graph, edge.reader) +
                              ": reads codes, which it can only where all layers run as integers");
        layers_.emplace(reader.name, Layer(quantizer, graph[reader.inputs.front()].out.c));
    }
}

InputQuantizers::~InputQuantizers() = default;

LayerQuantizer* InputQuantizers::layer(const std::string& name) {
    const auto found = layers_.find(name);
    return found == layers_.end() ? nullptr : &found->second;
}

}  // namespace nibble
