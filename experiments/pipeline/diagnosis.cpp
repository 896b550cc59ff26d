#include "experiments/pipeline/diagnosis.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/core/json.hpp"
#include "experiments/support/table.hpp"

namespace nibble {

std::vector<Sensitivity> sensitivities_of(const Diagnosed& quantized, const std::vector<float>& images) {
    const std::size_t values =
        std::min(images.size(), kSensitivityImages * quantized.floats.graph.input_dims().size());
    auto list = sensitivities(quantized.floats, quantized.network, std::span(images).first(values));
    std::stable_sort(list.begin(), list.end(),
                     [](const auto& a, const auto& b) { return a.logit_error > b.logit_error; });
    return list;
}

Json to_json(const std::vector<Sensitivity>& list) {
    Json json = Json::array();
    for (const Sensitivity& s : list)
        json.push_back({{"layer", s.layer}, {"logit_error", s.logit_error}, {"agreement", s.agreement}});
    return json;
}

std::string diagnosis_text(const Diagnosed& quantized, const std::vector<Sensitivity>& list) {
    const auto decibels = [](double error) { return fmt::format("{:.1f}", sqnr(error)); };
    Table table{{{"layer", false},
                 {"weights", false},
                 {"weights (dB)"},
                 {"sums"},
                 {"input", false},
                 {"input (dB)"},
                 {"logits, this layer alone (dB)"},
                 {"same class (%)"}},
                {}};
    for (const Sensitivity& s : list)
        for (const LayerDiagnosis& d : quantized.layers)
            if (d.name == s.layer)
                table.rows.push_back({d.name, d.weights ? to_string(*d.weights) : kMissing,
                                      d.weights ? decibels(d.weight_error) : kMissing,
                                      std::to_string(d.extra_channels),
                                      d.input ? to_string(d.input->scheme) : kMissing,
                                      d.input_error ? decibels(*d.input_error) : kMissing,
                                      decibels(s.logit_error), fmt::format("{:.1f}", 100 * s.agreement)});
    const Graph& graph = quantized.network.network.graph;
    return table.markdown() + fmt::format(
                                  "\nSignal to quantization noise in dB, more is better; layers that change "
                                  "the logits most come first.\n{:.3f} bits per weight with scales, {:.3f} "
                                  "times the products.\n",
                                  bits_per_weight(quantized.layers, graph),
                                  product_overhead(quantized.network));
}

}  // namespace nibble
