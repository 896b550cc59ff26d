#include "engine/infer/quantized_file.hpp"

#include "engine/infer/graph_json.hpp"
#include "engine/infer/stored_codes.hpp"

namespace nibble {

namespace {

constexpr const char* kFormat = "nibble-quantized-network";
constexpr const char* kVersion = "1";
constexpr const char* kWhere = "quantized network";
constexpr JsonLimits kGraphLimits{6, 1'000'000};

std::string stated(const Safetensors& file, const std::string& key) {
    const auto found = file.metadata.find(key);
    return found == file.metadata.end() ? "" : found->second;
}

std::string multipliers_name(std::size_t edge) {
    return "edge" + std::to_string(edge) + ".multipliers";
}

std::string weight_of(const std::string& layer) {
    return layer + ".weight";
}

}  // namespace

Safetensors to_safetensors(const PostTrained& network, std::map<std::string, std::string> metadata) {
    const auto& [layers, edges] = network.quantization;
    Safetensors file;
    Json schemes = Json::object(), list = Json::array();
    for (const auto& [name, layer] : layers) {
        schemes[name] = to_string(layer.scheme);
        store(layer, name + ".", file);
    }
    for (const auto& [edge, quantizer] : edges) {
        if (quantizer.by_channel())
            file.tensors.emplace(multipliers_name(list.size()), stored("F32", quantizer.multipliers));
        list.push_back(
            {{"reader", edge.reader}, {"operand", edge.operand}, {"quantizer", to_json(quantizer)}});
    }
    for (const auto& [name, values] : network.network.weights)
        if (!name.ends_with(".weight") || !layers.contains(name.substr(0, name.size() - 7)))
            file.tensors.emplace(name, StoredTensor::from(values));
    file.metadata = std::move(metadata);
    file.metadata["format"] = kFormat;
    file.metadata["version"] = kVersion;
    file.metadata["graph"] =
        Json{{"nodes", to_json(network.network.graph)}, {"layers", schemes}, {"edges", list}}.dump();
    return file;
}

bool is_quantized_network(const Safetensors& file) {
    return stated(file, "format") == kFormat;
}

PostTrained post_trained_from(const Safetensors& file) {
    if (stated(file, "version") != kVersion)
        throw BadInput(kWhere, "version", kVersion, "'" + stated(file, "version") + "'");
    const Json json = parse_json(stated(file, "graph"), std::string(kWhere) + ": the graph", kGraphLimits);
    Fields fields(json, kWhere);
    PostTrained result;
    Graph& graph = result.network.graph;
    graph = graph_from(fields.require<Json>("nodes"));
    const auto schemes = fields.require<std::map<std::string, std::string>>("layers");
    const auto edges = fields.require<Json::array_t>("edges");
    fields.finish();

    StoredTensors tensors(file, kWhere);
    for (const int i : graph.weighted_layers()) {
        const auto scheme = schemes.find(graph[i].name);
        if (scheme == schemes.end()) continue;
        QuantizedWeights& layer = result.quantization.layers[graph[i].name];
        layer.scheme = scheme_from(scheme->second);
        layer.shape = graph.weight_shape(graph[i]);
        take(tensors, graph[i].name + ".", layer);
        check(layer, graph[i].name);
        result.network.weights.emplace(weight_of(graph[i].name), layer.values());
    }
    if (result.quantization.layers.size() != schemes.size())
        throw BadInput(std::string(kWhere) + ": a scheme for a layer that is not there");
    for (const auto& [name, shape, start] : graph.parameters())
        if (!result.network.weights.contains(name))
            result.network.weights.emplace(name, tensors.take_array(name));
    for (std::size_t e = 0; e < edges.size(); ++e) {
        Fields edge(edges[e], std::string(kWhere) + ": edge " + std::to_string(e));
        const GraphEdge place{edge.require<int>("reader"), edge.require<int>("operand")};
        result.quantization.edges[place] =
            quantizer_from(edge.require<Json>("quantizer"), tensors, multipliers_name(e));
        edge.finish();
    }
    tensors.finish();
    graph.check(result.network.weights);
    check(result.quantization, graph, result.network.weights);
    return result;
}

}  // namespace nibble
