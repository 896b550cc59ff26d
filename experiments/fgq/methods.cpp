#include "experiments/fgq/methods.hpp"

#include <algorithm>

namespace nibble::fgq {

std::string in_groups(int group, int activation_bits) {
    return "g" + std::to_string(group) + (activation_bits ? "a" + std::to_string(activation_bits) : "");
}

std::string fine_tuned(const std::string& method) {
    return method + "-ft";
}

std::optional<double> eliminated(const Result& result) {
    const auto all = fact("multiplications")(result), left = fact("multiplications_left")(result);
    if (!all || !left) return std::nullopt;
    return 100 * (1 - *left / *all);
}

std::optional<double> bits_per_weight(const Result& result) {
    if (!result.quantized) return std::nullopt;
    return result.quantized->bits_per_weight;
}

std::string deepest_with(const Study& study, const std::vector<std::string>& methods) {
    std::string deepest;
    std::size_t most = 0;
    for (const std::string& network : study.networks()) {
        const bool complete = std::all_of(methods.begin(), methods.end(), [&](const std::string& method) {
            return !study.results(network, method).empty();
        });
        if (!complete || methods.empty()) continue;
        const std::size_t macs = study.results(network, methods.front()).front()->macs;
        if (macs <= most) continue;
        most = macs;
        deepest = network;
    }
    return deepest;
}

}  // namespace nibble::fgq
