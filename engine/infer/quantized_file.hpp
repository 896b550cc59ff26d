// A network with quantized layers that does not run as integers, because activations or some layers stay float, as one
// file: safetensors with packed codes, float parameters, and the graph in the metadata. Networks that do run as integers
// have a file of their own (file.hpp).
//
//     metadata   "format": "nibble-quantized-network", "version": "1"
//                "graph": JSON {"nodes": (engine/infer/graph_json.hpp), "layers": {"conv1": "s4-pc", ...},
//                               "edges": [{"reader": 3, "operand": 0, "quantizer": {...}}]}
//     tensors    "<layer>.codes" and so on (stored_codes.hpp) for each quantized layer; "<name>" F32 for all other
//                parameters; "edgeNNN.multipliers" F32 for quantizers by channel
#pragma once

#include <map>
#include <string>

#include "engine/io/safetensors.hpp"
#include "engine/quant/post_training.hpp"

namespace nibble {

Safetensors to_safetensors(const PostTrained& network, std::map<std::string, std::string> metadata);

/// True for files that claim to hold such a network.
bool is_quantized_network(const Safetensors& file);

/// Trusts nothing: BadInput for unknown keys, operations and schemes, missing or left-over tensors, wrong sizes. The
/// weights of quantized layers have the values of their codes.
PostTrained post_trained_from(const Safetensors& file);

}  // namespace nibble
