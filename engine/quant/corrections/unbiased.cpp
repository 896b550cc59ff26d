#include "engine/quant/corrections/unbiased.hpp"

#include "engine/core/error.hpp"
#include "engine/core/reduce.hpp"

namespace nibble {
void remove_scale_bias(const Array<float>& weights, QuantizedWeights& quantized) {
    const Shape shape(weights.shape().begin(), weights.shape().end());
    if (shape != quantized.shape)
        throw BadInput("unbiased scales", "shape", to_string(quantized.shape), to_string(shape));
    const Array<float> values = quantized.values();
    const std::size_t scales = quantized.steps.size(), sharing = values.size() / scales;
    const Matrix<double> w = matrix_of(weights.data(), scales, sharing);
    const Vector<double> norm = ordered_sum(xt::square(w), 1),
                         product = ordered_sum(w * matrix_of(values.data(), scales, sharing), 1);
    const Vector<float> factors = xt::where(product > 0.0, xt::cast<float>(norm / product), 1.0f);
    auto steps = vector_of(quantized.steps.data(), scales);
    steps *= factors;
    for (ExtraTerm& term : quantized.extra)
        for (std::size_t j = 0; j < term.outputs.size(); ++j) term.steps[j] *= factors(term.outputs[j]);
}

}  // namespace nibble
