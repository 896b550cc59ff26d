// Tables of the experiment fgq.
#pragma once

#include <map>
#include <string>

#include "experiments/reports/result_table.hpp"
#include "experiments/support/table.hpp"

namespace nibble::fgq {

/// In the paper's form: a row a network, float and N = 4 with 8- and 4-bit activations and no training, and
/// N = 64 before and after fine-tuning.
Table paper_table(const ResultTable& table);
/// Without training, a row a network and N: accuracies with float, 8- and 4-bit activations.
Table group_table(const ResultTable& table);
/// Weights by N: error and density of each network beside those of random weights.
Table weight_table(const ResultTable& table);
/// Multiplications by N: the law, what the networks leave, the paper's speed model.
Table multiplication_table(const ResultTable& table);
/// A row for each setting that was changed, beside the method without the change.
Table ablation_table(const ResultTable& table);
/// Ternary in groups of 4 beside 4-bit integers, which cost as many bits a weight.
Table storage_table(const ResultTable& table);
/// Fine-tuned networks beside those that were not and their float parents.
Table tuning_table(const ResultTable& table);

/// Of the paper, by name: "-groups", "-details".
std::map<std::string, Table> tables_for_print(const ResultTable& table);

/// One row a cell, every figure unrounded.
Table full_cell_table(const std::vector<ReportedCell>& cells);

}  // namespace nibble::fgq
