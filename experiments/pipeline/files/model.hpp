// Which network: one of the catalog by its name, or one from an ONNX file, which brings its weights along.
#pragma once

#include <optional>
#include <string>

#include "datasets/dataset.hpp"
#include "engine/quant/quantized.hpp"
#include "experiments/pipeline/files/weights_file.hpp"

namespace nibble {

/// What the command line says of a network; empty and 0: what files state, then what is usual.
struct NetworkWish {
    std::string model = {}, numerics = {};
    int classes = 0;  ///< of networks of the catalog
    Dims input{0, 0, 0};
};

/// Throws BadInput unless one of the two names a file with weights.
void require_weights(const std::string& weights, const std::string& model);

/// True for names that end in ".onnx".
bool is_onnx(const std::string& model);

/// "net" for "folder/net.onnx"; names of the catalog as they are.
std::string name_of_model(const std::string& model);

/// The architecture. Throws what make_model() and read_onnx() throw.
Graph make_graph(const std::string& model, int classes, Dims input);
/// For these images and classes; an ONNX file's must fit.
Graph make_graph(const std::string& model, const Dataset& images);
/// Throws BadInput unless the network is for such images and knows their classes.
void check_fit(const Graph& graph, const Dataset& images, const std::string& where);

/// A float network, or one that a file holds with codes and scales.
struct OpenedNetwork {
    std::string model;
    Graph graph;
    WeightsFile file;
    std::optional<Quantization> quantization = {};  ///< `file` has the values of the codes
};

/// `weights` and the graph that they are for; an ONNX file may be given as either, or as both by leaving `weights`
/// empty. Throws IoError, and BadInput, which names the file: for weights that do not fit, and a network
/// nowhere named.
OpenedNetwork open_floats(const std::string& weights, const NetworkWish& wish);
/// The same, where `stored` was read from `path` before.
OpenedNetwork open_floats(Safetensors stored, const std::string& path, const NetworkWish& wish);

}  // namespace nibble
