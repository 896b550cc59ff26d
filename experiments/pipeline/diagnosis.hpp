// What post-training quantization did to each layer, as results and the command line state it.
#pragma once

#include "engine/quant/diagnosis/sensitivity.hpp"
#include "engine/quant/post_training.hpp"
#include "experiments/support/json_fwd.hpp"

namespace nibble {

/// {"bits_per_weight", "product_overhead", "facts", "curves", "layers": [{"name", "weights", "weight_error",
/// "bits_per_weight", "kernels", "extra_kernels", "input", "input_step", "input_error"}]}; schemes as text,
/// null where something is float or was not observed.
Json to_json(const Diagnosed& quantized);

/// Looking at so many images is enough to tell layers apart.
inline constexpr std::size_t kSensitivityImages = 128;

/// On the first of the images; the layer that changes the logits most comes first.
std::vector<Sensitivity> sensitivities_of(const Graph& graph, const Weights& weights,
                                          const PostTrained& quantized, const std::vector<float>& images);

/// [{"layer", "logit_error", "agreement"}]
Json to_json(const std::vector<Sensitivity>& list);

/// A table, one row a layer in the order of `list`, and a line for the whole network.
std::string diagnosis_text(const Diagnosed& quantized, const std::vector<Sensitivity>& list);

}  // namespace nibble
