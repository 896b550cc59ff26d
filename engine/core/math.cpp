#include "engine/core/math.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace nibble {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kPi = 0x1.921fb54442d18p+1;
// ln 2 split in two so that k * kLn2High is exact for |k| < 2^11.
constexpr double kLn2High = 0x1.62e42fee00000p-1;
constexpr double kLn2Low = 0x1.a39ef35793c76p-33;

double power_of_two(int k) {
    return std::bit_cast<double>(static_cast<std::uint64_t>(k + 1023) << 52);
}

/// cos x and sin x by Taylor series for |x| <= pi/4: ten terms leave less than 2^-60.
double cosine_series(double x) {
    const double z = x * x;
    double term = 1.0, sum = 0.0;
    double terms[10];
    for (int i = 0; i < 10; ++i) {
        terms[i] = term;
        term = -term * z / ((2 * i + 1) * (2 * i + 2));
    }
    for (int i = 9; i >= 0; --i) sum += terms[i];  // smallest first
    return sum;
}

double sine_series(double x) {
    const double z = x * x;
    double term = x, sum = 0.0;
    double terms[10];
    for (int i = 0; i < 10; ++i) {
        terms[i] = term;
        term = -term * z / ((2 * i + 2) * (2 * i + 3));
    }
    for (int i = 9; i >= 0; --i) sum += terms[i];
    return sum;
}

}  // namespace

double exact_exp(double x) {
    if (x != x) return x;
    if (x > 709.7) return kInfinity;
    if (x < -708.0) return 0.0;
    // x = k ln 2 + r, |r| <= ln 2 / 2
    const double k = std::floor(x * (1.0 / 0x1.62e42fefa39efp-1) + 0.5);
    const double r = (x - k * kLn2High) - k * kLn2Low;
    double sum = 0.0;
    for (int i = 17; i >= 1; --i) sum = (sum + 1.0) * r / i;  // Taylor by Horner
    const int e = static_cast<int>(k);
    // 2^1024 is no double: scale in two steps at the top end.
    return e > 1000 ? (1.0 + sum) * power_of_two(1000) * power_of_two(e - 1000)
                    : (1.0 + sum) * power_of_two(e);
}

double exact_log(double x) {
    if (!(x >= 0.0)) return kNan;
    if (x == 0.0) return -kInfinity;
    if (x == kInfinity) return x;
    const auto u = std::bit_cast<std::uint64_t>(x);
    int e = static_cast<int>(u >> 52) - 1023;
    double m = std::bit_cast<double>((u & 0xfffffffffffffull) | 0x3ff0000000000000ull);  // [1, 2)
    if (m > 0x1.6a09e667f3bcdp+0) {                                                      // sqrt 2
        m *= 0.5;
        ++e;
    }
    // log m = 2 atanh s, s = (m - 1) / (m + 1), |s| <= 0.1716
    const double s = (m - 1.0) / (m + 1.0);
    const double z = s * s;
    double sum = 0.0;
    for (int i = 23; i >= 3; i -= 2) sum = (sum + 1.0 / i) * z;
    return e * kLn2High + (2.0 * (s + s * sum) + e * kLn2Low);
}

double exact_cos_pi(double x) {
    double t = x < 0.0 ? -x : x;
    t = t - 2.0 * std::floor(t * 0.5);  // period 2
    if (t > 1.0) t = 2.0 - t;           // cos(pi (2 - t)) = cos(pi t)
    if (t > 0.5) return -exact_cos_pi(1.0 - t);
    return t <= 0.25 ? cosine_series(kPi * t) : sine_series(kPi * (0.5 - t));
}

}  // namespace nibble
