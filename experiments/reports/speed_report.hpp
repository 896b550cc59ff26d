// Tables and rooflines of the experiment kernel_speed, as pure functions of the file that its script writes.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/core/json.hpp"
#include "experiments/reports/plot.hpp"
#include "experiments/runs/project.hpp"
#include "experiments/support/table.hpp"

namespace nibble {

/// One measured layer or network of ours; medians.
struct SpeedRow {
    std::string cap;  ///< of the instruction set: "avx2"
    int threads;
    std::string kind;  ///< "layer", "cold" (weights from memory), "activations", "network"
    std::string what, precision;
    int batch;
    double milliseconds, gops, share_of_peak, weight_bytes;
    double operations_per_byte;            ///< of weights and activations; 0 for networks
    std::map<std::string, double> ratios;  ///< how many times faster than "int8", "oneDNN int8", ...
};

/// Throws BadInput, naming `where`, for anything malformed.
std::vector<SpeedRow> read_speed_rows(const Json& document, const std::string& where);

Table goal_table(const Json& document);
Table mean_table(const Json& document);
/// The layers of one cap and number of threads.
Table layer_table(const std::vector<SpeedRow>& rows, const std::string& cap, int threads);
/// 4-bit activations: a product on bytes beside one that unpacks its operand first.
Table activation_table(const std::vector<SpeedRow>& rows);
Table network_table(const std::vector<SpeedRow>& rows);
/// Every row of ours and the peers', unrounded.
Table measurement_table(const std::vector<SpeedRow>& rows, const Json& document);

/// What each layer reaches at one thread below what the machine can do with this cap. Numbers beside int8
/// points are those of the layer table.
Plot roofline(const std::vector<SpeedRow>& rows, const Json& document, const std::string& cap);

/// For each results/timing/<machine>/kernel_speed.json: .md, .csv, .tex and, if it can, roofline plots beside
/// it. Returns the paths. `no_plot` becomes the reason why there is no plot.
std::vector<std::filesystem::path> write_speed_reports(const Project& project, std::string& no_plot);

}  // namespace nibble
