#include "engine/quant/mmse/dual_weights.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/core/error.hpp"
#include "engine/core/parallel.hpp"
#include "engine/quant/mmse/solvers/dual.hpp"
#include "engine/quant/mmse/weights.hpp"

namespace nibble::mmse {

std::vector<std::uint32_t> worst_channels(std::span<const double> errors, double share) {
    if (!(share >= 0 && share <= 1))
        throw BadInput("mmse", "share of channels", "0 to 1", std::to_string(share));
    std::vector<std::uint32_t> channels(errors.size());
    std::iota(channels.begin(), channels.end(), 0u);
    std::stable_sort(channels.begin(), channels.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return errors[a] > errors[b]; });
    channels.resize(static_cast<std::size_t>(std::floor(share * static_cast<double>(errors.size()) + 0.5)));
    std::sort(channels.begin(), channels.end());
    return channels;
}

QuantizedWeights quantize_dual(const Array<float>& weights, const Scheme& scheme,
                               std::span<const std::uint32_t> channels, Solver solver) {
    check(scheme);
    if (scheme.kind != Kind::sum || scheme.granularity != Granularity::channel || !scheme.is_signed)
        throw BadInput("mmse", "scheme of a sum", "one like s4x2-pc", to_string(scheme));
    Scheme of_a_term = scheme;
    of_a_term.kind = Kind::uniform;
    of_a_term.terms = 1;
    QuantizedWeights w = quantize_weights(weights, of_a_term, solver);
    w.scheme = scheme;
    const std::size_t n = w.codes.size() / w.outputs();
    ExtraTerm term;
    term.outputs.assign(channels.begin(), channels.end());
    term.codes.resize(channels.size() * n);
    term.steps.resize(channels.size());
    w.extra.assign(static_cast<std::size_t>(scheme.terms) - 1, term);
    check(w, "a sum");  // before they are taken for indices

    parallel_for(channels.size(), [&](std::size_t k) {
        const std::span<const float> values(weights.data() + channels[k] * n, n);
        const SumScales sum = dual(Distribution(values), codes_of(scheme), scheme.terms);
        const std::vector<Point> points = points_of(sum.alphas, codes_of(scheme));
        w.steps[channels[k]] = sum.alphas[0];
        for (std::size_t i = 1; i < sum.alphas.size(); ++i) w.extra[i - 1].steps[k] = sum.alphas[i];
        for (std::size_t j = 0; j < n; ++j) {
            const Point& point = nearest(points, values[j]);
            w.codes[channels[k] * n + j] = point.codes[0];
            for (std::size_t i = 1; i < sum.alphas.size(); ++i)
                w.extra[i - 1].codes[k * n + j] = point.codes[i];
        }
    });
    return w;
}

}  // namespace nibble::mmse
