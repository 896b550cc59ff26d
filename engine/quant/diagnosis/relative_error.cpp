#include "engine/quant/diagnosis/relative_error.hpp"

#include "engine/core/error.hpp"

namespace nibble {
namespace {

struct Squares {
    double of_error = 0, of_weights = 0;
    double ratio() const { return of_weights > 0 ? of_error / of_weights : 0.0; }
};

std::vector<Squares> squares_by_output(const Array<float>& weights, const QuantizedWeights& quantized) {
    const Shape shape(weights.shape().begin(), weights.shape().end());
    if (shape != quantized.shape)
        throw BadInput("relative error", "shape", to_string(shape), to_string(quantized.shape));
    const Array<float> values = quantized.values();
    std::vector<Squares> squares(quantized.outputs());
    const std::size_t per_output = values.size() / quantized.outputs();
    for (std::size_t i = 0; i < values.size(); ++i) {
        const double w = weights.data()[i], error = w - values.data()[i];
        squares[i / per_output].of_error += error * error;
        squares[i / per_output].of_weights += w * w;
    }
    return squares;
}

}  // namespace

std::vector<double> relative_errors(const Array<float>& weights, const QuantizedWeights& quantized) {
    std::vector<double> errors;
    for (const Squares& s : squares_by_output(weights, quantized)) errors.push_back(s.ratio());
    return errors;
}

double relative_error(const Array<float>& weights, const QuantizedWeights& quantized) {
    Squares all;
    for (const Squares& s : squares_by_output(weights, quantized)) {
        all.of_error += s.of_error;
        all.of_weights += s.of_weights;
    }
    return all.ratio();
}

}  // namespace nibble
