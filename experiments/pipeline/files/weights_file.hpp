// Trained networks on disk: safetensors under torchvision's names, with what is needed to use them in the
// metadata, or checkpoints of PyTorch, which lack these. Which format it was changes no digest.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "datasets/preprocessing/preprocessing.hpp"
#include "engine/io/tensor_file.hpp"
#include "engine/nn/graph.hpp"

namespace nibble {

using Metadata = std::map<std::string, std::string>;

struct WeightsFile {
    Weights weights;
    Metadata metadata;

    /// What preprocessing_from() finds of it; nothing if the file states none.
    std::optional<Normalization> normalization(const std::string& where) const;
};

/// From a file of any format of tensor_file.hpp. PyTorch's "num_batches_tracked" counters are left out, and so
/// is what wrappers put before every name ("module."). Throws IoError, BadInput.
WeightsFile read_weights(const std::filesystem::path& path);
/// The same for a file read already; `where` names it in errors.
WeightsFile weights_from(Safetensors stored, const std::string& where);

/// "0.485,0.456,0.406"; `where` begins the error of other text.
std::vector<float> number_list(const std::string& text, const std::string& where);

/// From the metadata of any network's file: "preprocessing", the JSON of preprocessing.hpp, over "normalize_mean" and
/// "normalize_std" ("0.485,0.456,0.406"). Throws BadInput when they are malformed.
StatedPreprocessing preprocessing_from(const Metadata& metadata, const std::string& where);
/// The normalization among it. Throws BadInput, too, where an order of channels is stated without mean and std.
std::optional<Normalization> normalization_from(const Metadata& metadata, const std::string& where);

/// Throws BadInput when the weights do not fit the graph or state a batch-norm epsilon other than the
/// graph's.
void check(const WeightsFile& file, const Graph& graph, const std::string& where);

/// Gives the last layer the graph's name, be it "fc" or "linear" there and the other in the file, as publishers
/// of the same network like, and every parameter torchvision's of today; then as check().
void fit(WeightsFile& file, const Graph& graph, const std::string& where);

/// Atomic; equal contents give equal bytes.
void write_weights(const std::filesystem::path& path, const Weights& weights, const Metadata& metadata);

/// The metadata entries that say how images become inputs: normalize_mean and normalize_std where they suffice.
Metadata to_metadata(const Normalization& normalization, const std::optional<Geometry>& geometry = {});

}  // namespace nibble
