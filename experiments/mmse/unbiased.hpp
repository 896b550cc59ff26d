// What unbiased scales and corrected biases do together, and why: the table over bits, and the plot over layers.
#pragma once

#include "experiments/mmse/methods.hpp"
#include "experiments/reports/plot.hpp"
#include "experiments/support/table.hpp"

namespace nibble::mmse {

/// Bits of weights down; max-abs, MMSE and unbiased MMSE across, without and with corrected biases. Activations in
/// 8 bits, executed as packed integers.
Table unbiased_table(const ResultTable& table);

/// Over the layers of the largest network, 3-bit weights with corrected biases: the length of the weights, and what
/// is left of the deviation of each layer's sums.
Plot unbiased_plot(const std::string& title, const ResultTable& table);

}  // namespace nibble::mmse
