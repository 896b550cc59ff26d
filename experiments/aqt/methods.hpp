// What tables, plots and claims of this experiment ask of methods and of their results.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "experiments/reports/result_table.hpp"

namespace nibble::aqt {

/// The method that quantizes nothing.
inline const std::string kFloat = "bf16";

/// bf16 and what quantizes weights and activations with no setting changed: the methods of the cost-accuracy
/// curves. The others are ablations.
bool on_curve(const std::string& method);

/// What an ablation is compared with: the method with one of its settings put back (bounds, their
/// granularity, start, half shift), bf16 for weights alone, 8 bits in the first and last layer for those that
/// have fewer. `known` are the methods there are: where the first choice is not among them, the next is
/// taken. Nothing for bf16 and for methods without a difference.
std::optional<std::string> base_of(const std::string& method, const std::vector<std::string>& known);

/// What an ablation changes, in a few words: "one bound per tensor".
std::string difference_of(const std::string& method);

/// Figures of one result.
double train_top1(const Result& result);
double gap(const Result& result);  ///< training top-1 on clean images minus test top-1
double augmented_gap(
    const Result& result);              ///< training top-1 on augmented batches of the last epoch minus test
double loss_gap(const Result& result);  ///< test loss minus training loss on clean images, in nats
std::optional<double> smoothed(const Result& result);  ///< smoothed_maximum() of test top-1

enum class CostModel { linear, quadratic };

double cost_of(const Result& result, CostModel model);
/// What the same network costs in bf16, where every product has 16 bits in both operands.
double bf16_cost(const Result& result, CostModel model);

/// The largest network with a result of bf16, else of anything, by multiplications: costs in plots are relative
/// to it. Empty without results.
std::string reference_of(const ResultTable& table);

}  // namespace nibble::aqt
