#include "engine/quant/mmse/grid.hpp"

#include "engine/quant/mmse/max_abs.hpp"

namespace nibble::mmse {

Scale grid(const Distribution& t, Codes codes, int candidates) {
    Scale best = max_abs(t, codes);
    const double largest = best.alpha;
    if (largest == 0) return best;
    for (int j = candidates - 1; j >= 1; --j) {
        const Scale scale = evaluate(t, codes, storable(largest * j / candidates, codes));
        if (better(scale, best)) best = scale;
    }
    return best;
}

}  // namespace nibble::mmse
