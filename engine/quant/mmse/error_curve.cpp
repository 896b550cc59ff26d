#include "engine/quant/mmse/error_curve.hpp"

#include "engine/quant/mmse/solvers/max_abs.hpp"

namespace nibble::mmse {

std::vector<std::pair<double, double>> error_curve(const Distribution& t, Codes codes, int points) {
    std::vector<std::pair<double, double>> curve;
    const double norm = t.squared_norm().value(), largest = static_cast<double>(max_abs(t, codes).alpha);
    if (norm <= 0) return curve;
    for (int j = 1; j <= points; ++j) {
        const double part = static_cast<double>(j) / points;
        curve.emplace_back(part, evaluate(t, codes, storable(part * largest, codes)).error / norm);
    }
    return curve;
}

}  // namespace nibble::mmse
