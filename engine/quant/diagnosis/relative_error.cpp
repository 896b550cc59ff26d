#include "engine/quant/diagnosis/relative_error.hpp"

#include "engine/core/error.hpp"
#include "engine/core/reduce.hpp"

namespace nibble {
namespace {

/// ||W - W^||^2 and ||W||^2, by output channel.
struct Squares {
    Vector<double> of_error, of_weights;
};

Squares squares_by_output(const Array<float>& weights, const QuantizedWeights& quantized) {
    const Shape shape(weights.shape().begin(), weights.shape().end());
    if (shape != quantized.shape)
        throw BadInput("relative error", "shape", to_string(shape), to_string(quantized.shape));
    const Array<float> values = quantized.values();
    const std::size_t outputs = quantized.outputs(), per_output = values.size() / outputs;
    const Matrix<double> w = matrix_of(weights.data(), outputs, per_output);
    return {ordered_sum(xt::square(w - matrix_of(values.data(), outputs, per_output)), 1),
            ordered_sum(xt::square(w), 1)};
}

}  // namespace

std::vector<double> relative_errors(const Array<float>& weights, const QuantizedWeights& quantized) {
    const auto [of_error, of_weights] = squares_by_output(weights, quantized);
    const Vector<double> errors = xt::where(of_weights > 0.0, of_error / of_weights, 0.0);
    return {errors.begin(), errors.end()};
}

double relative_error(const Array<float>& weights, const QuantizedWeights& quantized) {
    const auto [of_error, of_weights] = squares_by_output(weights, quantized);
    const double norm = ordered_sum(of_weights);
    return norm > 0 ? ordered_sum(of_error) / norm : 0.0;
}

}  // namespace nibble
