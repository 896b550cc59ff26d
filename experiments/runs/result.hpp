// A result: what one cell computed, one JSON file each (results/PROFILE/CELL.json; for other programs,
// results/result.schema.json). Cells fill a Result, everybody else reads one; result.cpp lists the JSON names.
//
// A result holds no time: timing results live elsewhere and name their machine.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/json.hpp"
#include "experiments/pipeline/training.hpp"
#include "experiments/runs/cell.hpp"
#include "experiments/runs/key.hpp"

namespace nibble {

inline constexpr int kResultSchema = 2;

struct Result {
    /// Per image (engine/quant/cost.hpp).
    struct Cost {
        struct Layer {
            std::string name;
            std::string operands;  ///< "f32", "bf16" or the bits of the integers, as "w4a8"
            std::size_t macs = 0, weights = 0;
            int weight_bits = 0, activation_bits = 0;  ///< 1 to 32
            std::size_t dual_channels = 0;             ///< output channels with a second term
        };
        std::size_t macs = 0;                   ///< multiplications
        std::size_t linear = 0, quadratic = 0;  ///< multiplications times bits
        std::size_t weight_bytes = 0, activation_bytes = 0;
        std::vector<Layer> layers = {};
    };
    /// The trained network that a cell started from.
    struct Parent {
        std::string source;  ///< a file or a cell (cell.hpp)
        std::string digest;  ///< of its weights
    };
    struct Calibration {
        std::string split;       ///< "train"
        std::size_t images = 0;  ///< at least 1
        std::string ids_digest;
    };
    /// Of a cell that quantizes a trained network.
    struct Quantization {
        struct Layer {  ///< engine/quant/post_training.hpp
            std::string name;
            std::optional<std::string> weights, input;  ///< schemes as text; nothing: float
            double weight_error = 0;                    ///< ||W - W'||^2 / ||W||^2
            double bits_per_weight = 32;                ///< scales included, 0 to 64
            std::size_t output_channels = 0, dual_channels = 0;
            std::optional<double> input_step, input_error;  ///< nothing: not observed
        };
        std::optional<Calibration> calibration = {};  ///< nothing: no image has a say
        double bits_per_weight = 32;                  ///< of the network
        double product_overhead = 1;  ///< products, dual channels included, over those without
        std::optional<std::size_t> file_bytes =
            {};                                    ///< as one file, without its digest; nothing: not integers
        std::map<std::string, double> facts = {};  ///< that the method states of itself
        std::map<std::string, std::vector<std::pair<double, double>>> curves = {};
        std::vector<Layer> layers = {};
    };

    std::string profile, cell;
    Json config = Json::object();  ///< resolved
    std::uint64_t seed = 0;
    Json data = Json::object();  ///< describe()
    KeyParts parts;
    Metrics eval = {};                      ///< on the test images
    Metrics train = {};                     ///< of cells that train: on the training images, not augmented
    std::vector<EpochRecord> history = {};  ///< of cells that train
    std::optional<Parent> parent = {};
    std::optional<Quantization> quantization = {};
    Cost cost;
    std::string weights_digest, predictions_digest;
    /// Of what the network was fed of the first test image (Evaluation); empty in results that are older.
    std::string input_digest;
    CorrectImages correct = {};  ///< of the test images; empty in results that are older than this field
    std::string executed_as;     ///< operands and instruction set: "w4a4e8-avx512vnni"
    Json provenance = Json::object();

    /// With scales, where these were counted: of cells that quantize a trained network.
    double bits_per_weight() const;
    /// executed_as names an arithmetic in floats where it did not: "bf16-...", "w4e8-f32-...".
    bool ran_as_integers() const;
    double generalization_gap() const { return train.top1 - eval.top1; }  ///< points
};

Json to_json(const Result& result);
/// The inverse: to_json() gives back the same bytes. Throws BadInput unless every field, and no other, is there
/// with the right type and range, and what follows from other fields does.
Result result_from(const Json& json, const std::string& where);

/// Throws BadInput also for the result of another cell.
Result read_result(const std::filesystem::path& path, const Cell& cell);
Result read_result(const std::filesystem::path& path);
/// Throws BadInput for a result that could not be read again.
void write_result(const std::filesystem::path& path, const Result& result);

/// What a re-run must reproduce bit for bit: all but executed_as, provenance and key.
Json reproducible_part(const Result& result);

/// Parts of results, as they and the command line state them.
Json to_json(const Metrics& metrics);
Json to_json(const std::vector<EpochRecord>& history);
Json to_json(const Result::Cost& cost);
Json to_json(const Result::Quantization& quantization);

}  // namespace nibble
