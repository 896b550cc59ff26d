// What a trained or quantized network is measured by: the thing a user would run.
#pragma once

#include <optional>
#include <string>

#include "engine/quant/bits.hpp"
#include "engine/quant/post_training.hpp"
#include "experiments/pipeline/config.hpp"
#include "experiments/pipeline/evaluation.hpp"

namespace nibble {

struct Deployment {
    Classifier classifier;
    std::optional<IntegerGraph> integers;  ///< where weights and activations are quantized
    /// "bf16-avx512", "w4a4e8-avx512vnni", "w4e8-f32-avx2", "w4a4e8-unfolded-simulated-bf16-amx"
    std::string executed_as;
    /// Where training quantized weights alone: the values of their codes, for f32.
    std::optional<Weights> rounded = {};
};

/// What products multiply: floats, or codes; activations beside quantized weights that stay float count as
/// bf16, in which they were trained.
NetworkBits bits_of(const TrainConfig& config);

/// Float networks run in the numerics they were trained in, quantized ones as integers; weights quantized
/// alone, in f32 with the values of their codes; what no integers can execute, as it was trained.
/// `quantizer_state`: of the training, empty for float networks. Throws BadInput and Unsupported.
Deployment deploy(const TrainConfig& config, const Graph& graph, const Weights& weights,
                  const Weights& quantizer_state);

/// Quantized after training: as integers where both sides of all products are quantized; otherwise in f32, on
/// codes times their step. `method` names it. Throws Unsupported for what integers cannot do.
Deployment deploy(const PostTrained& network, const std::string& method);

}  // namespace nibble
