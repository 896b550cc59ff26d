// The scale problem of post-training quantization by minimal mean squared error:
//
//     min over alpha of  E(alpha) = || T - alpha q(T / alpha) ||^2,   q(t) = clamp(round(t), lowest, highest)
//
// Choukroun, Kravchik, Yang, Kisilev, "Low-bit Quantization of Neural Networks for Efficient Inference"
// (arXiv 1902.06822). Rounding is to nearest even. Any range of integer codes will do: full (-8..7), narrow
// (-7..7), unsigned (0..15), ternary (-1..1).
//
// Scales are floats, because that is what is stored and executed: every solver returns a float, and its error
// is the error at that float, evaluated here. So solvers can be compared to the last bit. Alpha is positive
// in all solvers; a negative one is a positive one for mirrored codes (solver.hpp).
#pragma once

#include <cstdint>

#include "engine/quant/mmse/solvers/distribution.hpp"

namespace nibble::mmse {

/// The integers lowest..highest, lowest <= 0 < highest.
struct Codes {
    int lowest = -8, highest = 7;
    /// The negatives of all codes: T ~ alpha q with q in codes is T ~ -alpha q' with q' in mirrored().
    Codes mirrored() const { return {-highest, -lowest}; }
    bool symmetric() const { return lowest == -highest; }
    friend bool operator==(const Codes&, const Codes&) = default;
};

/// q(t / alpha); 0 for alpha 0. Ties are seen exactly: a quotient of two floats that is not a half-integer
/// stays on its side of it when it is rounded to a double.
int code_of(float t, float alpha, Codes codes);

/// For codes q = q(T / alpha): all that E needs to know of them.
struct Fit {
    Twofold product;          ///< <T, q>
    std::int64_t energy = 0;  ///< <q, q>
    /// The alpha that is best for these codes, <T, q> / <q, q>; 0 if all codes are 0.
    double best_scale() const;
    /// ||T - alpha q||^2 = ||T||^2 - 2 alpha <T, q> + alpha^2 <q, q> for any alpha.
    double squared_error(Twofold squared_norm, double alpha) const;
};

/// Codes at alpha > 0. A value in the middle between two codes gets either: both are equally far.
Fit fit(const Distribution& t, Codes codes, double alpha);

struct Scale {
    float alpha = 0;   ///< 0: everything is quantized to 0
    double error = 0;  ///< E(alpha)
};

/// E at one scale.
Scale evaluate(const Distribution& t, Codes codes, float alpha);

/// E at one scale in plain doubles, several times faster, and how far off it is at most.
struct Estimate {
    double error, uncertainty;
};
Estimate estimate(const Distribution& t, Codes codes, float alpha);

/// Smaller error; of equal errors, the larger scale, whose codes are smaller.
bool better(const Scale& a, const Scale& b);

/// The nearest scale that can be stored: neither is alpha subnormal, nor does alpha times a code overflow.
float storable(double alpha, Codes codes);

}  // namespace nibble::mmse
