#include "experiments/harness/statistics.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace nibble {

namespace {
/// 97.5 % quantiles of Student's t with 1, 2, ... degrees of freedom; beyond the table its last value, which
/// is a little too wide an interval.
constexpr std::array kStudent{12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646,
                              2.3060,  2.2622, 2.2281, 2.2010, 2.1788, 2.1604, 2.1448,
                              2.1314,  2.1199, 2.1098, 2.1009, 2.0930, 2.0860};
}  // namespace

Summary summarize(std::span<const double> values) {
    Summary s;
    s.count = values.size();
    if (values.empty()) return s;
    const auto n = static_cast<double>(values.size());
    for (double v : values) s.mean += v / n;
    if (values.size() < 2) return s;
    double squares = 0;
    for (double v : values) squares += (v - s.mean) * (v - s.mean);
    const double quantile = kStudent[std::min(values.size() - 2, kStudent.size() - 1)];
    s.half_width = quantile * std::sqrt(squares / (n - 1) / n);
    return s;
}

}  // namespace nibble
