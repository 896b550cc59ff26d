#include "engine/quant/mmse/weights.hpp"

#include "engine/core/error.hpp"
#include "engine/core/parallel.hpp"

namespace nibble::mmse {

QuantizedWeights quantize_weights(const Array<float>& weights, const Scheme& scheme, Solver solver) {
    check(scheme);
    if (scheme.kind == Kind::sum || !scheme.is_signed || scheme.granularity == Granularity::group)
        throw BadInput("mmse", "scheme of weights", "uniform or ternary, signed, per tensor or channel",
                       to_string(scheme));
    if (weights.size() == 0) throw BadInput("mmse", "weights", "at least one", "none");
    QuantizedWeights w;
    w.scheme = scheme;
    w.shape.assign(weights.shape().begin(), weights.shape().end());
    w.codes.resize(weights.size());
    w.steps.resize(scheme.granularity == Granularity::tensor ? 1 : w.outputs());
    const Codes codes = codes_of(scheme);
    const std::size_t sharing = weights.size() / w.steps.size();
    parallel_for(w.steps.size(), [&](std::size_t s) {
        const std::span<const float> values(weights.data() + s * sharing, sharing);
        w.steps[s] = solve(Distribution(values), codes, solver, Signs::both).alpha;
        if (w.steps[s] == 0) return;  // codes of 0
        const auto t = xt::cast<double>(vector_of(values.data(), sharing)) / w.steps[s];
        auto q = vector_of(w.codes.data() + s * sharing, sharing);
        xt::noalias(q) = xt::cast<std::int8_t>(xt::clip(xt::nearbyint(t), static_cast<double>(codes.lowest),
                                                        static_cast<double>(codes.highest)));
    });
    return w;
}

}  // namespace nibble::mmse
