// A network opened from a file, to be run: float weights of a named model, or a network that needs no name, be it
// quantized or an ONNX file.
#pragma once

#include <optional>
#include <string>

#include "engine/quant/post_training.hpp"
#include "experiments/pipeline/evaluation.hpp"
#include "experiments/pipeline/files/model.hpp"

namespace nibble {

struct NetworkFile {
    std::string model;  ///< "resnet20"; of a quantized network what its file says, perhaps nothing
    Metadata metadata;
    std::optional<Normalization> normalization;  ///< stated by the file
    std::string weights_digest;
    std::string executed_as;  ///< "f32-avx2", "w4a4e8-avx512vnni"
    Classifier classifier;
    std::optional<IntegerGraph> integers;  ///< of a quantized network
};

/// A network that runs as integers, from a file read already; `path` names it in messages.
NetworkFile open_integers(const Safetensors& stored, const std::string& path, const NetworkWish& wish);

/// `path` may be empty where wish.model is an ONNX file. Throws IoError and BadInput, naming the file.
NetworkFile open_network(const std::string& path, const NetworkWish& wish);

/// SHA-256 over tensors and graph of a quantized network's file.
std::string weights_digest_of(const Safetensors& integers);

/// "w8a8", "w4a4e8" (first and last layer at 8 bits), "w2a8" (ternary), "w4x2a8" (the weights of some
/// channels are sums of two tensors); bits that differ otherwise are listed as a range: "w2-8a8".
std::string bits_of(const IntegerGraph& graph);
/// The same; "w4", "w4e8" where all activations are float.
std::string bits_of(const PostTrained& network);

/// What runs in what, nothing left out: [{"layer", "operation", "input", "weights", "residual", "output",
/// "bytes"}], null where there is none. Products are of integers; scales, residuals and averages are f32 on
/// the way.
Json layers_of(const IntegerGraph& graph);
/// The same of convolutions and linear layers that run in floats, on the values of codes.
Json layers_of(const PostTrained& network);

}  // namespace nibble
