#include "engine/quant/quantized.hpp"

#include <cmath>

#include "engine/core/error.hpp"
#include "engine/quant/packing.hpp"

namespace nibble {
namespace {

std::size_t kernel_size(const Shape& shape) {
    std::size_t size = 1;
    for (std::size_t d = 2; d < shape.size(); ++d) size *= shape[d];
    return size;
}

}  // namespace

std::size_t groups_of(std::size_t inputs, int group) {
    return (inputs + static_cast<std::size_t>(group) - 1) / static_cast<std::size_t>(group);
}

std::size_t QuantizedWeights::multiplier_of(std::size_t i) const {
    const std::size_t taps = kernel_size(shape), inputs = shape[1];
    const std::size_t tap = i % taps, input = i / taps % inputs, output = i / taps / inputs;
    const std::size_t group = input / static_cast<std::size_t>(scheme.group);
    return (output * groups_of(inputs, scheme.group) + group) * taps + tap;
}

int QuantizedWeights::product_of(std::size_t i) const {
    return multipliers.empty() ? codes[i] : codes[i] * multipliers[multiplier_of(i)];
}

Array<float> QuantizedWeights::values() const {
    Array<float> values(shape);
    const std::size_t per_output = codes.size() / outputs();
    for (std::size_t i = 0; i < codes.size(); ++i)
        values.data()[i] = static_cast<float>(product_of(i)) * step(i / per_output);
    return values;
}

std::size_t QuantizedWeights::bytes() const {
    return packed_bytes(scheme, codes.size()) + 4 * steps.size() + multipliers.size();
}

void check(const QuantizedWeights& w, const std::string& layer) {
    const std::string where = "weights of " + layer;
    const auto require_size = [&](const char* what, std::size_t expected, std::size_t found) {
        if (expected != found) throw BadInput(where, what, std::to_string(expected), std::to_string(found));
    };
    check(w.scheme);
    if (!w.scheme.is_signed) throw BadInput(where, "codes", "signed", to_string(w.scheme));
    if ((w.shape.size() != 2 && w.shape.size() != 4) || count(w.shape) == 0)
        throw BadInput(where, "shape", "2 or 4 dimensions, none of them 0", to_string(w.shape));
    require_size("number of codes", count(w.shape), w.codes.size());
    const bool grouped = w.scheme.granularity == Granularity::group;
    require_size("number of steps", w.scheme.granularity == Granularity::tensor ? 1 : w.outputs(),
                 w.steps.size());
    require_size("number of multipliers",
                 grouped ? w.outputs() * groups_of(w.shape[1], w.scheme.group) * kernel_size(w.shape) : 0,
                 w.multipliers.size());
    for (float step : w.steps)
        if (!std::isfinite(step) || step < 0)
            throw BadInput(where, "step", "a finite number of at least 0", std::to_string(step));
    const std::size_t per_output = w.codes.size() / w.outputs();
    for (std::size_t i = 0; i < w.codes.size(); ++i) {
        const int code = w.codes[i], product = w.product_of(i);
        if (code != 0 && w.step(i / per_output) == 0)
            throw BadInput(where, "step of codes that are not 0", "a positive number", "0");
        if (code < w.scheme.lowest() || code > w.scheme.highest())
            throw BadInput(where, "code", to_string(w.scheme), std::to_string(code));
        if (product < -128 || product > 127 || (grouped && w.multipliers[w.multiplier_of(i)] == 0))
            throw BadInput(where, "code times multiplier", "-128 to 127, multipliers not 0",
                           std::to_string(product));
    }
}

}  // namespace nibble
