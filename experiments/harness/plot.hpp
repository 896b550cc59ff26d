// Line and point plots by gnuplot, the same bytes for the same data.
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
    bool marks = false;  ///< points without a line between them
};

/// Small text that begins at a point of the plot.
struct Note {
    double x, y;
    std::string text;
};

struct Plot {
    std::string title, x_label, y_label;
    std::vector<Curve> curves;
    bool logarithmic = false;  ///< both axes
    std::vector<Note> notes = {};

    /// The gnuplot commands, without terminal and output.
    std::string script() const;
};

/// Writes `stem`.svg and `stem`.pdf, atomically. Throws Unsupported when gnuplot is not installed, Error when
/// it fails.
void draw(const Plot& plot, const std::filesystem::path& stem);

}  // namespace nibble
