// Which taps of a convolution's kernel an output position has: those that do not lie in the border.
#pragma once

#include <vector>

#include "engine/kernels/table.hpp"
#include "engine/nn/window.hpp"

namespace nibble {

/// Neighbouring positions along one side that have the same taps [tap, tap + taps).
struct AxisSplit {
    int first, count, tap, taps;
};

/// Splits positions [0, positions) of a window over an input of `size`.
std::vector<AxisSplit> splits(const WindowAxis& window, int positions, int size);

/// The areas of all positions, of kernel columns of `channels` each. Areas of very few pixels, as a corner's,
/// join a neighbour: a small tile takes as long as a larger one.
std::vector<kernels::Area> areas(const std::vector<AxisSplit>& rows, const std::vector<AxisSplit>& cols,
                                 int channels);

}  // namespace nibble
