// Line plots by gnuplot, the same bytes for the same data.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace nibble {

struct Curve {
    std::string label;  ///< in the legend; empty: not listed there
    std::vector<std::pair<double, double>> points;
    int colour = 0;  ///< index into a palette that colour-blind readers can tell apart
    bool dashed = false;
};

struct Plot {
    std::string title, x_label, y_label;
    std::vector<Curve> curves;

    /// The gnuplot commands, without terminal and output.
    std::string script() const;
};

/// Writes `stem`.svg and `stem`.pdf, atomically. Throws Unsupported when gnuplot is not installed, Error when
/// it fails.
void draw(const Plot& plot, const std::filesystem::path& stem);

}  // namespace nibble
