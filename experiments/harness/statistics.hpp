// Mean and interval over seeds.
#pragma once

#include <optional>
#include <span>

namespace nibble {

struct Summary {
    std::size_t count = 0;
    double mean = 0;  ///< meaningless when count is 0
    std::optional<double>
        half_width;  ///< of the 95 % confidence interval of the mean (Student's t); from 2 values on
};

Summary summarize(std::span<const double> values);

}  // namespace nibble
