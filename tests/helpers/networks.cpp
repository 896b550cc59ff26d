#include "tests/helpers/networks.hpp"

#include <algorithm>

#include "engine/core/rng.hpp"
#include "engine/infer/lower.hpp"

namespace nibble::test {

Weights random_weights(const Graph& graph, std::uint32_t stream) {
    Weights weights;
    Random random(5, Purpose::test, 0, stream);
    for (const auto& [name, shape, start] : graph.parameters()) {
        Array<float> values(shape);
        for (float& v : values) {
            v = random.normal();
            if (name.ends_with(".running_var")) v = 0.5f + v * v;
            if (shape.size() > 1)
                v *= 1.5f / std::max<float>(1, static_cast<float>(values.size() / shape[0]) / 8);
        }
        weights.emplace(name, std::move(values));
    }
    return weights;
}

std::map<std::string, Shape> shapes(const Graph& graph) {
    std::map<std::string, Shape> all;
    for (const Parameter& parameter : graph.parameters()) all.emplace(parameter.name, parameter.shape);
    return all;
}

std::vector<float> random_images(Dims dims, std::size_t n, std::uint32_t stream) {
    std::vector<float> images(n * dims.size());
    Random random(6, Purpose::test, 0, stream);
    for (float& v : images) v = random.normal();
    return images;
}

Quantization quantize(const FoldedNetwork& network, const MaxAbs& options, std::uint32_t stream) {
    std::vector<ValueRange> ranges;
    observe_ranges(network.graph, network.weights, random_images(network.graph.input_dims(), 4, stream),
                   ranges);
    return maxabs(network, ranges, options);
}

void quantize_by_channel(const Graph& graph, const Weights& weights, int reader, Quantization& quantization,
                         std::uint32_t stream) {
    Random random(8, Purpose::test, static_cast<std::uint32_t>(reader), stream);
    const Node& node = graph[reader];
    Quantizer& quantizer = quantization.edges.at({reader, 0});
    Scheme scheme = quantizer.scheme;
    scheme.granularity = Granularity::channel;
    const auto channels = static_cast<std::size_t>(graph[node.inputs.front()].out.c);
    std::vector<float> multipliers;
    for (std::size_t c = 0; c < channels; ++c)
        multipliers.push_back(quantizer.multiplier * (0.5f + 0.5f * random.uniform()));
    quantizer = make_channel_quantizer(scheme, multipliers, quantizer.rounding);

    Array<float> folded = weights.at(node.name + ".weight");
    const auto groups = static_cast<std::size_t>(node.groups), inputs = channels / groups;
    const std::size_t outputs = folded.shape()[0], per_output = folded.size() / outputs;
    for (std::size_t i = 0; i < folded.size(); ++i) {
        const std::size_t group = i / per_output / (outputs / groups);
        folded.data()[i] /= multipliers[group * inputs + i % per_output / (per_output / inputs)];
    }
    QuantizedWeights& layer = quantization.layers.at(node.name);
    layer = maxabs_weights(folded, layer.scheme);
}

QuantizedWeights quantize_as_sum(const Array<float>& weights, const Scheme& scheme, std::uint32_t stream) {
    Scheme single = scheme;
    single.kind = Kind::uniform;
    single.terms = 1;
    QuantizedWeights sum = maxabs_weights(weights, single);
    sum.scheme = scheme;
    const std::size_t size = sum.codes.size() / sum.outputs();
    Random random(10, Purpose::test, 0, stream);
    for (int i = 1; i < scheme.terms; ++i) {
        const Array<float> values = sum.values();
        Array<float> rest = weights;
        for (std::size_t j = 0; j < rest.size(); ++j) rest.data()[j] -= values.data()[j];
        const QuantizedWeights next = maxabs_weights(rest, single);
        ExtraTerm term;
        for (std::uint32_t o = 0; o < sum.outputs(); ++o) {
            if (random.below(2)) continue;
            term.outputs.push_back(o);
            const auto from = next.codes.begin() + static_cast<std::ptrdiff_t>(o * size);
            term.codes.insert(term.codes.end(), from, from + static_cast<std::ptrdiff_t>(size));
            term.steps.push_back(next.step(o));
        }
        sum.extra.push_back(std::move(term));
    }
    return sum;
}

IntegerGraph small_integer_network(std::uint32_t stream) {
    Graph g;
    const Window square{3, 3, 1, 1};
    int x = g.input({8, 7, 3});
    x = g.relu(g.batch_norm(g.conv(x, "first", 4, square), "first_bn"));
    x = g.max_pool(x, {3, 2, 2, 1});
    const int ternary = g.conv(x, "ternary", 6, square, true);
    int y = g.relu(ternary);
    const int shortcut = g.shortcut_a(x, 9, 1);
    x = g.add(g.conv(y, "one_scale", 9, square), shortcut);
    y = g.relu(g.conv(x, "narrow", 5, {3, 1, 1, 1}));
    const int float_residual = g.add(g.conv(y, "groups", 9, {1, 3, 1, 0}), x);
    y = g.relu(float_residual);
    const int side = g.conv(x, "side", 9, {}, true);
    x = g.relu(g.add(side, y));
    const int codes_pool = g.avg_pool(x, {2, 2, 1, 1});
    const int linear = g.linear(g.global_pool(codes_pool), "linear", 5);

    const FoldedNetwork folded = fold_batch_norm(g, random_weights(g, stream));
    Quantization q = quantize(folded, {}, stream);
    const auto set_weights = [&](const std::string& layer, const char* scheme) {
        q.layers.at(layer) = maxabs_weights(folded.weights.at(layer + ".weight"), scheme_from(scheme));
    };
    set_weights("ternary", "t-g3");
    set_weights("one_scale", "s4-pt");
    q.layers.at("narrow") =
        quantize_as_sum(folded.weights.at("narrow.weight"), scheme_from("s4nx3-pc"), stream);
    set_weights("groups", "s4-g2");
    set_weights("side", "t-pc");
    const auto edge = [&](int reader, int operand) { return GraphEdge{folded.node_of[reader], operand}; };
    q.edges.erase(edge(float_residual, 1));
    q.edges.at(edge(side, 0)) = make_quantizer(scheme_from("s4-pt"), 0.25f, Rounding::half_up);
    q.edges.emplace(edge(codes_pool, 0), make_quantizer(scheme_from("u5-pt"), 0.125f, Rounding::floor));
    for (int reader : {ternary, linear})
        quantize_by_channel(folded.graph, folded.weights, folded.node_of[reader], q, stream);
    return lower(folded.graph, folded.weights, q);
}

}  // namespace nibble::test
