// Line and point plots by gnuplot, the same bytes for the same data.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace nibble {

/// The 95 % interval of a mean, a vertical bar behind its point.
struct ErrorBar {
    double x, mean, half_width;
};

struct Curve {
    enum class Form {
        line,
        marks,  ///< without a line between them
        steps,  ///< each value holds until the next point; a broad band
        bars    ///< from zero, Plot::bar_width wide
    };
    static constexpr int kGrey = -1;

    std::string label;  ///< in the legend; empty: not listed there
    std::vector<std::pair<double, double>> points;
    int colour = 0;  ///< kGrey, or index into a palette that colour-blind readers can tell apart, each with a
                     ///< mark of its own form
    bool dashed = false;
    Form form = Form::line;
    std::vector<ErrorBar> error_bars = {};

    /// Adds the mean of the values as a point, with its 95 % interval where there are several.
    void add_mean(double x, std::span<const double> values);
};

/// Small text at a point of the plot.
struct Note {
    enum class Side { above_right, right, below_right, below, below_left, left, above_left, above };

    double x, y;
    std::string text;
    Side side = Side::above_right;
};

struct AxisRange {
    double low, high;
};

struct Plot {
    enum class Logarithmic { none, x, both };

    std::string title, x_label, y_label;
    std::vector<Curve> curves;  ///< later ones are drawn over earlier ones
    Logarithmic logarithmic = Logarithmic::none;
    std::vector<Note> notes = {};
    std::optional<AxisRange> x_range = {}, y_range = {};       ///< else what the curves need
    std::vector<double> x_ticks = {};                          ///< of a logarithmic x axis; else 1, 2 and 5
    std::vector<std::pair<double, std::string>> x_names = {};  ///< ticks of an axis of names
    double bar_width = 0;
    bool legend_above = false;  ///< outside the axes instead of in the corner

    /// The gnuplot commands, without terminal and output.
    std::string script() const;
};

/// Of the PDF, in points of 1/72 inch, axes and texts included.
struct PlotSize {
    double width, height;
};
PlotSize size_of(const Plot& plot);

/// Writes `stem`.svg and `stem`.pdf, atomically. Throws Unsupported when gnuplot is not installed, Error when
/// it fails.
void draw(const Plot& plot, const std::filesystem::path& stem);

}  // namespace nibble
