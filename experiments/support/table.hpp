// A table of strings and its three forms.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace nibble {

struct Column {
    std::string title;
    bool numeric = true;  ///< aligned right
    double width = 0;     ///< in LaTeX, as a fraction of the line, for text of several lines; 0: one line
};

struct Table {
    std::vector<Column> columns;
    std::vector<std::vector<std::string>>
        rows;  ///< as many strings as columns each; missing values are kMissing

    std::string markdown() const;
    /// RFC 4180; missing values are empty fields.
    std::string csv() const;
    /// A tabular without the float around it; needs the packages array and booktabs.
    std::string latex() const;
};

inline constexpr const char* kMissing = "–";

/// How many there are; kMissing for none.
std::string count_text(std::size_t count);

/// "91.50 ± 0.35": mean over the seeds and half the width of its interval (statistics.hpp), which one value
/// does not have; kMissing without values.
std::string over_seeds(std::span<const double> values, int decimals);
/// The same for differences: "+0.35 ± 0.12".
std::string signed_over_seeds(std::span<const double> values, int decimals);

}  // namespace nibble
