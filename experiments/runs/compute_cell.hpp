// What a cell computes: train or quantize a network, and evaluate it.
#pragma once

#include <filesystem>
#include <optional>

#include "engine/quant/cost.hpp"
#include "engine/quant/post_training.hpp"
#include "experiments/pipeline/data.hpp"
#include "experiments/pipeline/evaluation.hpp"
#include "experiments/pipeline/training.hpp"
#include "experiments/runs/key.hpp"
#include "experiments/runs/measured_network.hpp"
#include "experiments/runs/parent.hpp"

namespace nibble {

/// The result of a cell, computed in `folder`:
///   checkpoint-<key>.safetensors   while training; resumed from when it is there, removed by run_cell()
///   kFloatWeights                  what training made (measured_network.hpp)
///   predictions.safetensors        "predictions": I32, the class per test image
///   kIntegerNetwork                of networks measured as integers; its metadata has the key
/// `parent`: what the cell starts from, if anything; checked against its graph. Throws what training and quantizing
/// throw; Interrupted leaves the checkpoint.
Result compute_cell(const ProfileCell& cell, const Data& data, const KeyParts& parts,
                    const std::optional<Parent>& parent, const std::filesystem::path& folder,
                    const RunControl& control);

/// What compute_cell() does for each kind of cell; fills what is particular to it.
Result train_cell(const ProfileCell& cell, const Data& data, const KeyParts& parts,
                  const std::optional<Parent>& parent, const std::filesystem::path& folder,
                  const RunControl& control);
Result quantize_cell(const ProfileCell& cell, const Data& data, const KeyParts& parts, const Parent& parent,
                     const std::filesystem::path& folder, const RunControl& control);
/// And what they share.
std::filesystem::path checkpoint_in(const std::filesystem::path& folder, const KeyParts& parts);
void write_predictions(const std::filesystem::path& path, const Evaluation& evaluation);

/// What a result says of these.
Result::Cost summary_of(const NetworkCost& cost);
Result::Quantization summary_of(const Diagnosed& quantized);

}  // namespace nibble
