#include "experiments/fgq/methods.hpp"

#include "engine/quant/training_method.hpp"

namespace nibble::fgq {

std::string in_groups(int group, int activation_bits) {
    return "g" + std::to_string(group) + (activation_bits ? "a" + std::to_string(activation_bits) : "");
}

std::string fine_tuned(const std::string& method) {
    return method + std::string(kFineTuned);
}

std::optional<double> eliminated(const Result& result) {
    const auto all = fact("multiplications")(result), left = fact("multiplications_left")(result);
    if (!all || !left) return std::nullopt;
    return 100 * (1 - *left / *all);
}

std::optional<double> bits_per_weight(const Result& result) {
    if (!result.quantization) return std::nullopt;
    return result.quantization->bits_per_weight;
}

}  // namespace nibble::fgq
