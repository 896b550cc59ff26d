// Results on disk: one JSON file a cell, schema 1.
//
//     schema, profile, cell, config (resolved), seed, data (describe()), key, key_parts,
//     metrics {eval {top1, top5, loss, images}, train {..}, generalization_gap}   percent, nats
//     history [{epoch, loss, train_top1, eval_top1}]
//     weights_digest, predictions_digest, cost, executed_as, provenance
//
// eval_top1 is null where nothing was evaluated: between evaluations, and before activations are quantized.
//
// A result holds no time: timing results live elsewhere and name their machine.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "experiments/harness/json_fwd.hpp"
#include "experiments/harness/key.hpp"

namespace nibble {

inline constexpr int kResultSchema = 1;

/// What reports and comparisons read of one result.
struct Result {
    std::string profile, cell, key;
    KeyParts parts;
    double top1 = 0, top5 = 0, loss = 0;  ///< on the test images: percent, percent, nats
    double train_top1 = 0, train_loss = 0;
    struct Point {
        int epoch;
        double train_top1;
        std::optional<double> eval_top1;
    };
    std::vector<Point> history;
    std::size_t macs = 0, weight_bytes = 0, activation_bytes = 0;
    std::size_t linear_cost = 0, quadratic_cost = 0;  ///< engine/quant/cost.hpp
    std::string weights_digest, predictions_digest, executed_as;

    double generalization_gap() const { return train_top1 - top1; }  ///< points
};

/// Throws BadInput unless every key of the schema, and no other, is there with the right type, and the key is
/// that of its parts.
Result result_from(const Json& json, const std::string& where);
Result read_result(const std::filesystem::path& path);

/// The part of a result JSON that a re-run must reproduce bit for bit: all but executed_as, provenance and
/// key.
Json reproducible_part(const Json& result);

}  // namespace nibble
