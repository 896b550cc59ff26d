#include "engine/quant/gptq/fit.hpp"

#include <string>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/core/parallel.hpp"
#include "engine/quant/gptq/factor.hpp"

namespace nibble::gptq {

Array<float> fit(const Array<float>& weights, const Regression& regression) {
    const Correlations& inputs = regression.inputs;
    const std::size_t n = inputs.size, outputs = regression.outputs;
    if (weights.size() != inputs.groups * outputs * n)
        throw BadInput("gptq", "weights", std::to_string(inputs.groups * outputs * n),
                       std::to_string(weights.size()));
    Array<float> fitted = weights;
    for (std::size_t g = 0; g < inputs.groups; ++g) {
        const Factor factor(inputs.sums.data() + g * n * n, n, kRidge);
        parallel_for(outputs, [&](std::size_t o) {
            const float* w = weights.data() + (g * outputs + o) * n;
            std::vector<double> y(n);
            for (std::size_t i = 0; i < n; ++i) {
                const std::size_t input = factor.input(i);
                y[i] = regression.products[(g * n + input) * outputs + o] +
                       factor.damping() * static_cast<double>(w[input]);
            }
            factor.solve(y);
            float* own = fitted.data() + (g * outputs + o) * n;
            for (std::size_t i = 0; i < n; ++i) own[factor.input(i)] = static_cast<float>(y[i]);
        });
    }
    return fitted;
}

}  // namespace nibble::gptq
