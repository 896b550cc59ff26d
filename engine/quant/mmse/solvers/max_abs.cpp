#include "engine/quant/mmse/solvers/max_abs.hpp"

#include <algorithm>

namespace nibble::mmse {

namespace {
Scale reaching(const Distribution& t, Codes codes, float reach) {
    const float alpha = t.magnitude() / reach;
    return evaluate(t, codes, t.magnitude() == 0 ? 0.0f : storable(alpha, codes));
}
}  // namespace

Scale max_abs(const Distribution& t, Codes codes) {
    const int reach = codes.lowest == 0 ? codes.highest : std::min(codes.highest, -codes.lowest);
    return reaching(t, codes, static_cast<float>(reach));
}

Scale max_abs_full(const Distribution& t, Codes codes) {
    if (codes.lowest == 0) return max_abs(t, codes);
    return reaching(t, codes, static_cast<float>(codes.highest - codes.lowest) / 2);
}

}  // namespace nibble::mmse
