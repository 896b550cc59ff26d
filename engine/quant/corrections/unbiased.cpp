#include "engine/quant/corrections/unbiased.hpp"

#include "engine/core/error.hpp"

namespace nibble {
namespace {

/// ||W||^2 and <W, W^> of what shares a step.
struct Products {
    double squared_norm = 0, product = 0;
    float factor() const { return product > 0 ? static_cast<float>(squared_norm / product) : 1.0f; }
};

}  // namespace

void remove_scale_bias(const Array<float>& weights, QuantizedWeights& quantized) {
    const Shape shape(weights.shape().begin(), weights.shape().end());
    if (shape != quantized.shape)
        throw BadInput("unbiased scales", "shape", to_string(quantized.shape), to_string(shape));
    const Array<float> values = quantized.values();
    const std::size_t sharing = values.size() / quantized.steps.size();
    std::vector<Products> products(quantized.steps.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        const double w = weights.data()[i];
        products[i / sharing].squared_norm += w * w;
        products[i / sharing].product += w * static_cast<double>(values.data()[i]);
    }
    for (std::size_t s = 0; s < quantized.steps.size(); ++s) quantized.steps[s] *= products[s].factor();
    for (ExtraTerm& term : quantized.extra)
        for (std::size_t j = 0; j < term.outputs.size(); ++j)
            term.steps[j] *= products[term.outputs[j]].factor();
}

}  // namespace nibble
