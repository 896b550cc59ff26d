// Results on disk: one JSON file a cell, schema 2; for other programs, results/result.schema.json.
//
//     schema, profile, cell, config (resolved), seed, data (describe()), key, key_parts,
//     metrics {eval {top1, top5, loss, images}}                                   percent, nats
//     weights_digest, predictions_digest, cost, executed_as, provenance
//     correct                                             which test images, correct_images.hpp; null in results
//                                                         that are older than this field
//
// Cells that train have besides
//
//     metrics {train {..}, generalization_gap}
//     history [{epoch, loss, train_top1, eval_top1}]      eval_top1 null where nothing was evaluated: between
//                                                         evaluations, and before activations are quantized
//
// of which those that fine-tune, as cells that quantize a trained network do, have
//
//     parent {source, digest}                             where the float weights came from
//
// and these
//
//     calibration {split, images, ids_digest}             null where no image has a say
//     quantization {bits_per_weight, product_overhead, file_bytes, facts, curves,
//                   layers [{name, weights, weight_error, bits_per_weight, kernels, extra_kernels,
//                            input, input_step, input_error}]}
//
// with file_bytes of the network as one file without its digest (null where a side is float and it cannot be
// executed as integers), and of each layer what engine/quant/post_training.hpp diagnoses.
//
// A result holds no time: timing results live elsewhere and name their machine.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "experiments/runs/cell.hpp"
#include "experiments/runs/key.hpp"
#include "experiments/support/correct_images.hpp"
#include "experiments/support/json_fwd.hpp"

namespace nibble {

inline constexpr int kResultSchema = 2;

/// What reports and comparisons read of one result.
struct Result {
    std::string profile, cell, key;
    KeyParts parts;
    double top1 = 0, top5 = 0, loss = 0;    ///< on the test images: percent, percent, nats
    double train_top1 = 0, train_loss = 0;  ///< of cells that train
    std::string parent;                     ///< of cells that train: what they fine-tuned, if anything
    struct Point {
        int epoch;
        double train_top1;
        std::optional<double> eval_top1;
    };
    std::vector<Point> history;
    std::size_t macs = 0, weights = 0, weight_bytes = 0, activation_bytes = 0;
    std::size_t linear_cost = 0, quadratic_cost = 0;  ///< engine/quant/cost.hpp
    std::string weights_digest, predictions_digest, executed_as;
    CorrectImages correct;  ///< empty where it is not known

    struct Layer {
        std::string name;
        std::optional<std::string> weights, input;  ///< their schemes; nothing: float
        double weight_error = 0, bits_per_weight = 32;
        std::size_t kernels = 0, extra_kernels = 0;
        std::optional<double> input_step, input_error;
    };
    /// Of a cell that quantizes a trained network.
    struct Quantized {
        std::string parent, parent_digest;
        std::size_t calibration = 0;  ///< images
        double bits_per_weight = 32, product_overhead = 1;
        std::optional<std::size_t> file_bytes;
        std::map<std::string, double> facts;
        std::map<std::string, std::vector<std::pair<double, double>>> curves;
        std::vector<Layer> layers;
    };
    std::optional<Quantized> quantized;

    /// With scales, where these were counted: of cells that quantize a trained network.
    double bits_per_weight() const {
        return quantized ? quantized->bits_per_weight
                         : 8 * static_cast<double>(weight_bytes) / static_cast<double>(weights);
    }
    /// executed_as names an arithmetic in floats where it did not: "bf16-...", "w4e8-f32-...".
    bool ran_as_integers() const {
        return executed_as.find("f32") == std::string::npos && executed_as.find("bf16") == std::string::npos;
    }
    double generalization_gap() const { return train_top1 - top1; }  ///< points
};

/// Throws BadInput unless every key of the schema, and no other, is there with the right type, and the key is
/// that of its parts.
Result result_from(const Json& json, const std::string& where);
/// The same, and BadInput for the result of another cell.
Result result_of(const Cell& cell, const Json& json, const std::string& where);
Result read_result(const std::filesystem::path& path);

/// The part of a result JSON that a re-run must reproduce bit for bit: all but executed_as, provenance and
/// key.
Json reproducible_part(const Json& result);

}  // namespace nibble
