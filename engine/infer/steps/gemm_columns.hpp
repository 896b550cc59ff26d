// The order in which a GEMM step's output channels are packed, one column of the weight matrix each.
//
// Kernels of extra terms are columns like the others, so everything that packs and multiplies serves sums of
// tensors as it is. A group of panels holds the columns of a range of output channels and after them those
// of the channels' extra terms: one GEMM gives all sums of a channel, and the epilogue adds them up. Each
// group begins with a panel of its own; what is left of its last one is filled with zeros.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/infer/integer_graph.hpp"

namespace nibble {

struct ColumnGroup {
    int first_panel, panels;
    int first_channel, channels;
    int columns;  ///< without filling
};

/// By output channel: which of its group's columns is its own in an extra term, -1 without one; and the
/// scale.
struct ExtraColumns {
    std::vector<std::int32_t> column;
    std::vector<float> scale;
};

struct GemmColumns {
    std::vector<ColumnGroup> groups;
    std::vector<ExtraColumns> extra;  ///< by extra term
    /// Matrices [(kh, kw, i)][column]; no multipliers where the weights have none.
    int columns = 0;
    std::vector<std::int8_t> codes;
    std::vector<std::uint8_t> multipliers;
};

/// Of a GEMM that has been checked, in groups of at most so many panels.
GemmColumns gemm_columns(const IntegerStep& step, int most_panels);

}  // namespace nibble
