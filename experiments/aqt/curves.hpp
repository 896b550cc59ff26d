// Accuracy over cost: the plots of the paper.
#pragma once

#include <string>

#include "experiments/aqt/methods.hpp"
#include "experiments/reports/plot.hpp"

namespace nibble::aqt {

/// Test accuracy after the last epoch (mean over the seeds) over the cost relative to the reference network
/// in bf16. Of each method of the curves its networks as marks and its Pareto front as a line; behind them,
/// grey, the front of all methods together; beside the marks the networks, without the `resnet` that they
/// share and without `-w1.0`. No curves without results.
Plot cost_plot(const std::string& title, const ResultTable& table, CostModel model);

/// Accuracy after each epoch of the methods of the curves on the reference network.
Plot epoch_plot(const std::string& title, const std::vector<ReportedCell>& cells, const ResultTable& table);

/// Generalization gaps over the bits of the methods of the curves, a line for each network: on augmented batches as
/// the reference has it, and dashed on clean images. Networks with fewer than two of the methods are left out.
Plot gap_plot(const std::string& title, const ResultTable& table);

}  // namespace nibble::aqt
