// Sums and products in twice the precision of a double: a number is the sum of two doubles that do not
// overlap, about 106 bits (Dekker, "A floating-point technique for extending the available precision", 1971;
// the sum of two doubles with its error is Knuth's).
//
// For differences of large sums, where a double would lose what is looked for. Exactly rounded operations
// only, so the same bits everywhere.
#pragma once

#include <cmath>

namespace nibble {

struct Twofold {
    double high = 0, low = 0;  ///< |low| is at most half a unit in the last place of high
    double value() const { return high + low; }
};

/// a + b without error.
inline Twofold exact_sum(double a, double b) {
    const double sum = a + b, of_b = sum - a;
    return {sum, (a - (sum - of_b)) + (b - of_b)};
}

/// a * b without error, unless it underflows.
inline Twofold exact_product(double a, double b) {
    const double product = a * b;
    return {product, std::fma(a, b, -product)};
}

inline Twofold operator-(Twofold a) {
    return {-a.high, -a.low};
}

inline Twofold operator+(Twofold a, Twofold b) {
    const Twofold high = exact_sum(a.high, b.high), low = exact_sum(a.low, b.low);
    const Twofold sum = exact_sum(high.high, high.low + low.high);
    return exact_sum(sum.high, sum.low + low.low);
}

inline Twofold operator-(Twofold a, Twofold b) {
    return a + -b;
}

inline Twofold operator*(Twofold a, double b) {
    const Twofold product = exact_product(a.high, b);
    return exact_sum(product.high, product.low + a.low * b);
}

}  // namespace nibble
