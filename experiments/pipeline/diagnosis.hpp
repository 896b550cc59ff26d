// What post-training quantization did to each layer, as the command line states it.
#pragma once

#include "engine/quant/diagnosis/sensitivity.hpp"
#include "engine/quant/post_training.hpp"
#include "experiments/support/json_fwd.hpp"

namespace nibble {

/// Looking at so many images is enough to tell layers apart.
inline constexpr std::size_t kSensitivityImages = 128;

/// On the first of the images; the layer that changes the logits most comes first.
std::vector<Sensitivity> sensitivities_of(const Diagnosed& quantized, const std::vector<float>& images);

/// [{"layer", "logit_error", "agreement"}]
Json to_json(const std::vector<Sensitivity>& list);

/// A table, one row a layer in the order of `list`, and a line for the whole network.
std::string diagnosis_text(const Diagnosed& quantized, const std::vector<Sensitivity>& list);

}  // namespace nibble
