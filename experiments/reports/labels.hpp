// Texts beside the marks of a plot, placed so that they can be read.
#pragma once

#include <vector>

#include "experiments/reports/plot.hpp"

namespace nibble {

struct Label {
    double x, y;  ///< of the mark
    std::string text;
};

/// Each label on that side of its mark where it covers the least: other labels, marks, lines, and the plot's
/// border. Sizes are estimated for the PDF, whose letters are the larger ones. Throws BadInput unless the
/// plot has both ranges.
std::vector<Note> place_labels(const Plot& plot, const std::vector<Label>& labels);

}  // namespace nibble
