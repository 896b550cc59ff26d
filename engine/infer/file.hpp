// A quantized network as one file: safetensors with packed codes, scales, and the integer graph in the
// metadata.
//
//     metadata   "format": "nibble-integer-network", "version": "1"
//                "graph": JSON {"values": [{"dims": [h, w, c], "quantizer": {...}}], "steps": [{...}]}
//                and what the caller adds (the model's name, how images are normalised, ...). A step's "window":
//                [kernel height, width, stride, padding], or where sides differ the 8 of Window::numbers()
//     tensors    for the gemm of step NNN: "NNN.codes" U8 (packing.hpp), "NNN.steps" F32, "NNN.scale" F32,
//                "NNN.shift" F32, and with group scales "NNN.multipliers" U8; for each further term of a sum,
//                "NNN.term2.outputs" U32 (the channels it is for) and its ".codes", ".steps" and ".scale";
//                for value NNN, if its quantizer has one multiplier per channel, "valueNNN.multipliers" F32
#pragma once

#include <map>
#include <string>

#include "engine/infer/integer_graph.hpp"
#include "engine/io/safetensors.hpp"

namespace nibble {

/// The three keys above in `metadata` are replaced. Throws what IntegerGraph::check() throws.
Safetensors to_safetensors(const IntegerGraph& graph, std::map<std::string, std::string> metadata);

/// True for files that claim to hold an integer network.
bool is_integer_network(const Safetensors& file);

/// Trusts nothing: unknown versions, keys and schemes, missing or left-over tensors, wrong sizes, codes out
/// of range and scales that are not finite all throw BadInput; what comes back has passed
/// IntegerGraph::check().
IntegerGraph integer_graph_from(const Safetensors& file);

}  // namespace nibble
