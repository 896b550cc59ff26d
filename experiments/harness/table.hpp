// A table of strings and its three forms.
#pragma once

#include <string>
#include <vector>

namespace nibble {

struct Column {
    std::string title;
    bool numeric = true;  ///< aligned right
};

struct Table {
    std::vector<Column> columns;
    std::vector<std::vector<std::string>>
        rows;  ///< as many strings as columns each; missing values are kMissing

    std::string markdown() const;
    /// RFC 4180; missing values are empty fields.
    std::string csv() const;
    /// A booktabs tabular, without the float around it.
    std::string latex() const;
};

inline constexpr const char* kMissing = "–";

}  // namespace nibble
