#include "engine/quant/fgq/statistics.hpp"

#include "engine/core/reduce.hpp"
#include "engine/quant/diagnosis/relative_error.hpp"
#include "engine/quant/fgq/two_thresholds.hpp"
#include "engine/quant/fgq/weights.hpp"

namespace nibble::fgq {
namespace {

bool is_helped(std::span<const float> group) {
    constexpr double kRounding = 1e-12;
    const double norm = ordered_sum(xt::square(xt::cast<double>(vector_of(group.data(), group.size()))));
    return best_gain_of_two_thresholds(group) - best_gain_of_one_threshold(group) > kRounding * norm;
}

}  // namespace

Statistics statistics_of(const Weights& weights, const std::map<std::string, QuantizedWeights>& layers) {
    Statistics s;
    for (const auto& [name, layer] : layers) {
        if (layer.scheme.kind != Kind::ternary || layer.scheme.granularity != Granularity::group) continue;
        const Array<float>& values = weights.at(name + ".weight");
        const auto n = static_cast<double>(values.size());
        s.weights += values.size();
        s.groups += layer.multipliers.size();
        s.error += n * relative_error(values, layer);
        s.density += n * density(layer);
        for_each_group(values, layer.scheme.group,
                       [&](std::span<const float> group) { s.helped_by_two_thresholds += is_helped(group); });
    }
    if (s.weights == 0) return s;
    s.error /= static_cast<double>(s.weights);
    s.density /= static_cast<double>(s.weights);
    return s;
}

}  // namespace nibble::fgq
