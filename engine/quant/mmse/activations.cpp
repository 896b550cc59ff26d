#include "engine/quant/mmse/activations.hpp"

#include <utility>

#include "engine/core/parallel.hpp"

namespace nibble::mmse {

namespace {
Distribution distribution_of(const Histogram& histogram) {
    const double width = histogram.bin_width(), spread = width * width / 12;
    std::vector<Distribution::Weighted> values;
    if (histogram.zeros() > 0) values.push_back({0, histogram.zeros(), 0});
    for (std::size_t b = 0; b < histogram.positive().size(); ++b) {
        const auto middle = static_cast<float>((static_cast<double>(b) + 0.5) * width);
        if (const auto count = histogram.positive()[b]) values.push_back({middle, count, spread});
        if (const auto count = histogram.negative()[b]) values.push_back({-middle, count, spread});
    }
    return Distribution(std::move(values));
}
}  // namespace

Quantizer quantize_activations(const Histogram& histogram, int bits, Solver solver) {
    require_values(histogram, "mmse");
    const Scheme scheme{
        .bits = bits, .is_signed = histogram.has_negative(), .granularity = Granularity::tensor};
    check(scheme);
    const Codes codes{scheme.lowest(), scheme.highest()};
    const float alpha = solve(distribution_of(histogram), codes, solver, Signs::positive).alpha;
    return make_quantizer(scheme, alpha > 0 ? alpha : 1.0f);
}

Quantizer quantize_activations_asymmetric(const Histogram& histogram, int bits, Solver solver) {
    require_values(histogram, "mmse");
    if (!histogram.has_negative()) return quantize_activations(histogram, bits, solver);
    const Distribution t = distribution_of(histogram);
    const int top = (1 << bits) - 1, half = 1 << (bits - 1);
    const auto with_zero_point = [&](int z) { return solve(t, {-z, top - z}, solver, Signs::positive); };
    int zero_point = half;
    Scale best = with_zero_point(half);
    for (int step = half; step > 0; step /= 2) {
        const int center = zero_point;
        for (int z : {center - step, center + step}) {
            if (z < 0 || z >= top) continue;
            const Scale scale = with_zero_point(z);
            if (!better(scale, best)) continue;
            best = scale;
            zero_point = z;
        }
    }
    Scheme scheme{.bits = bits, .is_signed = zero_point == half, .granularity = Granularity::tensor};
    if (!scheme.is_signed) scheme.zero_point = zero_point;
    return make_quantizer(scheme, best.alpha > 0 ? best.alpha : 1.0f);
}

Quantizer quantize_channels(const Scheme& scheme, const std::vector<Histogram>& channels) {
    std::vector<float> multipliers(channels.size());
    const Codes codes{scheme.lowest(), scheme.highest()};
    parallel_for(channels.size(), [&](std::size_t c) {
        const float alpha = solve(distribution_of(channels[c]), codes, Solver::exact, Signs::positive).alpha;
        multipliers[c] = alpha > 0 ? 1 / alpha : 1.0f;
    });
    Scheme by_channel = scheme;
    by_channel.granularity = Granularity::channel;
    return make_channel_quantizer(by_channel, std::move(multipliers));
}

double relative_error(const Histogram& histogram, const Quantizer& quantizer) {
    const Distribution t = distribution_of(histogram);
    const double norm = t.squared_norm().value();
    const Codes codes{quantizer.scheme.lowest(), quantizer.scheme.highest()};
    return norm > 0 ? evaluate(t, codes, quantizer.step).error / norm : 0.0;
}

}  // namespace nibble::mmse
