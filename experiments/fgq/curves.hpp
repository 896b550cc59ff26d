// Plots of the experiment fgq.
#pragma once

#include "experiments/reports/plot.hpp"
#include "experiments/reports/result_table.hpp"

namespace nibble::fgq {

/// Accuracy of one network against N without training, by bits of activations; its float accuracy as a line
/// across, what was fine-tuned as marks.
Plot group_plot(const std::string& title, const ResultTable& table, const std::string& network);
/// What is lost beside float against N, 8-bit activations, all networks.
Plot drop_plot(const std::string& title, const ResultTable& table);
/// Relative squared error of the weights against N, beside random weights.
Plot weight_plot(const std::string& title, const ResultTable& table);

}  // namespace nibble::fgq
