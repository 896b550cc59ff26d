#include "engine/quant/mmse/max_abs.hpp"

#include <algorithm>

namespace nibble::mmse {

Scale max_abs(const Distribution& t, Codes codes) {
    const int reach = codes.lowest == 0 ? codes.highest : std::min(codes.highest, -codes.lowest);
    const float alpha = t.magnitude() / static_cast<float>(reach);
    return evaluate(t, codes, t.magnitude() == 0 ? 0.0f : storable(alpha, codes));
}

}  // namespace nibble::mmse
