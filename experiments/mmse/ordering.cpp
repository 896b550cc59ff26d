#include "experiments/mmse/ordering.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/quant/post_training.hpp"
#include "experiments/reports/comparison.hpp"

namespace nibble::mmse {

namespace {

/// What ends a method's text before and after.
struct Step {
    const char* from;
    const char* to;
    const char* text;
};
constexpr Step kSteps[] = {{"-pt-wmaxabs", "-pt", "max-abs to MMSE, per tensor"},
                           {"-wmaxabs", "", "max-abs to MMSE, per kernel"},
                           {"-pt-wmaxabs", "-wmaxabs", "tensor to kernel, max-abs"},
                           {"-pt", "", "tensor to kernel, MMSE"},
                           {"", "-refined", "to refined scales"},
                           {"", "-bn", "to re-estimated batch norm"},
                           {"", "-bnplain", "to re-estimated batch norm, plain images"},
                           {"", "-bnfloat", "to re-estimated batch norm, float statistics"},
                           {"", "-bc", "to corrected biases"},
                           {"-wmaxabs-bc", "-bc", "max-abs to MMSE, per kernel, biases corrected"},
                           {"-wmaxabs-bnfloat", "-bnfloat", "max-abs to MMSE, per kernel, float statistics"},
                           {"", "-unbiased", "to unbiased scales"},
                           {"-bc", "-unbiased-bc", "to unbiased scales, biases corrected"},
                           {"", "-dual10", "to 10 % dual kernels"}};

/// Layers of which both sides quantized the weights.
struct Layers {
    std::size_t count = 0, nearer = 0;
    double gain = 0;  ///< mean, in decibels
    std::string worst;
    double worst_gain = 0;
};

Layers compare(const Result& from, const Result& to) {
    Layers layers;
    double sum = 0;
    const auto &a = from.quantization->layers, &b = to.quantization->layers;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
        if (!a[i].weights || !b[i].weights || a[i].weight_error <= 0 || b[i].weight_error <= 0) continue;
        const double gain = sqnr(b[i].weight_error) - sqnr(a[i].weight_error);
        if (gain == 0) continue;  // ends, and whatever else a step leaves as it is
        if (layers.count == 0 || gain < layers.worst_gain) {
            layers.worst = a[i].name;
            layers.worst_gain = gain;
        }
        ++layers.count;
        layers.nearer += gain > 0;
        sum += gain;
    }
    if (layers.count > 0) layers.gain = sum / static_cast<double>(layers.count);
    return layers;
}

}  // namespace

Ordering ordering(const ResultTable& table) {
    const EstimateOf estimate = paired(table);
    Ordering result;
    result.table.columns = {{"Network", false},
                            {"Bits", false},
                            {"Step", false},
                            {"Top-1 before (%)"},
                            {"Top-1 after (%)"},
                            {"Difference (points)"},
                            {"Weights nearer (dB, mean)"},
                            {"Layers nearer"},
                            {"Least gain (dB)", false}};
    for (const std::string& network : table.networks())
        for (const std::string& bits : table.methods()) {
            const Method m = method_from(bits);
            if (!m.quantizes_weights() || bits.find('-') != std::string::npos) continue;
            for (const auto& [from_end, to_end, text] : kSteps) {
                const std::string from = bits + from_end, to = bits + to_end;
                const auto differences = table.differences(network, to, from);
                if (differences.empty()) continue;
                ++result.steps;
                const auto gained = *estimate(difference(network, to, from));
                if (gained.mean + gained.half_width().value_or(0) >= 0) {
                    ++result.held;
                    continue;
                }
                const Layers layers =
                    compare(*table.results(network, from).front(), *table.results(network, to).front());
                result.table.rows.push_back(
                    {network, bits, text, over_seeds(table.values(network, from), 2),
                     over_seeds(table.values(network, to), 2), signed_over_seeds(differences, 2),
                     fmt::format("{:+.2f}", layers.gain),
                     fmt::format("{} of {}", layers.nearer, layers.count),
                     layers.count > 0 ? fmt::format("{:+.2f} in {}", layers.worst_gain, layers.worst)
                                      : std::string(kMissing)});
            }
        }
    return result;
}

}  // namespace nibble::mmse
