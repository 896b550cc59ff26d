#include "engine/quant/mmse/dual_weights.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/core/error.hpp"
#include "engine/core/parallel.hpp"
#include "engine/quant/mmse/solvers/dual.hpp"
#include "engine/quant/mmse/weights.hpp"

namespace nibble::mmse {

std::vector<std::uint32_t> worst_kernels(std::span<const double> errors, double share) {
    if (!(share >= 0 && share <= 1))
        throw BadInput("mmse", "share of kernels", "0 to 1", std::to_string(share));
    std::vector<std::uint32_t> kernels(errors.size());
    std::iota(kernels.begin(), kernels.end(), 0u);
    std::stable_sort(kernels.begin(), kernels.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return errors[a] > errors[b]; });
    kernels.resize(static_cast<std::size_t>(std::floor(share * static_cast<double>(errors.size()) + 0.5)));
    std::sort(kernels.begin(), kernels.end());
    return kernels;
}

QuantizedWeights quantize_dual(const Array<float>& weights, const Scheme& scheme,
                               std::span<const std::uint32_t> kernels, Solver solver) {
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
    term.outputs.assign(kernels.begin(), kernels.end());
    term.codes.resize(kernels.size() * n);
    term.steps.resize(kernels.size());
    w.extra.assign(static_cast<std::size_t>(scheme.terms) - 1, term);
    check(w, "a sum");  // before kernels are taken for indices

    parallel_for(kernels.size(), [&](std::size_t k) {
        const std::span<const float> values(weights.data() + kernels[k] * n, n);
        const SumScales sum = dual(Distribution(values), codes_of(scheme), scheme.terms);
        const std::vector<Point> points = points_of(sum.alphas, codes_of(scheme));
        w.steps[kernels[k]] = sum.alphas[0];
        for (std::size_t i = 1; i < sum.alphas.size(); ++i) w.extra[i - 1].steps[k] = sum.alphas[i];
        for (std::size_t j = 0; j < n; ++j) {
            const Point& point = nearest(points, values[j]);
            w.codes[kernels[k] * n + j] = point.codes[0];
            for (std::size_t i = 1; i < sum.alphas.size(); ++i)
                w.extra[i - 1].codes[k * n + j] = point.codes[i];
        }
    });
    return w;
}

}  // namespace nibble::mmse
