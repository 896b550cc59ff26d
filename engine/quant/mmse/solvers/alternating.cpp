#include "engine/quant/mmse/solvers/alternating.hpp"

#include "engine/quant/mmse/solvers/max_abs.hpp"

namespace nibble::mmse {

Scale alternating(const Distribution& t, Codes codes, Scale from) {
    for (Scale best = from;;) {
        const double alpha = fit(t, codes, best.alpha).best_scale();
        if (alpha == 0) return best;
        const Scale next = evaluate(t, codes, storable(alpha, codes));
        if (next.error >= best.error) return best;
        best = next;
    }
}

Scale alternating(const Distribution& t, Codes codes) {
    const Scale start = max_abs(t, codes);
    return start.alpha == 0 ? start : alternating(t, codes, start);
}

}  // namespace nibble::mmse
