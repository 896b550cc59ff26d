// Elementary functions with the same bits everywhere.
//
// libm's last bits differ between versions, so nothing on a numeric path calls it. These use only +, -, *, /
// on doubles in a fixed order (the build forbids contraction), and are accurate to about 2 units in the last
// place.
#pragma once

namespace nibble {

/// e^x. Underflows to 0 below -708, +infinity above 709.7; NaN stays NaN.
double exact_exp(double x);

/// Natural logarithm of a positive normal number; -infinity at 0, NaN below.
double exact_log(double x);

/// The larger number, the first of equals; NaN if one of them is.
template <class T>
constexpr T larger(T a, T b) {
    return b > a || b != b ? b : a;
}

/// cos(pi * x) for any finite x of magnitude below 2^31.
double exact_cos_pi(double x);

}  // namespace nibble
