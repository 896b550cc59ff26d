#include "tests/helpers/networks.hpp"

#include <algorithm>

#include "engine/core/rng.hpp"
#include "engine/infer/lower.hpp"
#include "engine/nn/ops/op.hpp"

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
    q.edges.at(edge(side, 0)) = make_quantizer(scheme_from("u4z5-pt"), 0.25f, Rounding::half_up);
    q.edges.emplace(edge(codes_pool, 0), make_quantizer(scheme_from("u5-pt"), 0.125f, Rounding::floor));
    for (int reader : {ternary, linear})
        quantize_by_channel(folded.graph, folded.weights, folded.node_of[reader], q, stream);
    return lower(folded.graph, folded.weights, q);
}

Graph branching_network(std::uint32_t stream) {
    Random random(17, Purpose::test, 0, stream);
    const auto pick = [&](std::initializer_list<int> from) {
        return *(from.begin() + random.below(static_cast<std::uint32_t>(from.size())));
    };
    Graph g;
    const int groups = pick({2, 3});
    int x = g.conv(g.input({pick({9, 12}), 11, 3}), "stem", 12, {3, 3, 2, 1}, random.below(2));
    const Op functions[] = {Op::hard_sigmoid, Op::hard_swish, Op::sigmoid, Op::silu};
    if (random.below(2)) x = g.clamp(g.batch_norm(x, "stem_bn"), {0, 6});
    const int gate = g.function(functions[random.below(4)], g.conv(g.global_pool(x), "gate", 12, {}, true));
    x = g.multiply(x, gate);
    const int left =
        g.clamp(g.conv(g.slice(x, 0, 6), "grouped", 3 * groups, {3, 3, 1, 1}, true, groups), {-1, 2});
    const int right = g.function(functions[random.below(4)],
                                 g.conv(g.slice(x, 6, 6), "dilated", 7, {{3, 1, 2, 2, 2}, {3, 1, 2, 2, 2}}));
    const int third = g.max_pool(x, {3, 3, 1, 1});
    x = g.concat({left, right, third});
    if (g[x].out.c % 5 == 0) x = g.shuffle(x, 5);
    const int channels = g[x].out.c;
    const int narrow = g.relu(g.conv(x, "narrow", 8, {}, true));
    const int pre = random.below(2) ? g.relu(g.batch_norm(x, "pre")) : g.leaky_relu(x, 0.25f);
    x = g.add(g.conv(pre, "depthwise", channels, {3, 3, 1, 1}, false, channels), x);
    x = g.concat({g.pad(narrow, 0, 0, 0, 0), x});
    x = g.avg_pool(g.pad(x, 1, 0, 0, 2), Window(3, 2, 2, 1), false);
    x = g.relu(g.linear(g.dropout(x, 0.5f), "hidden", 9));
    g.linear(x, "out", pick({2, 10}));
    return g;
}

void quantize_edges(const FoldedNetwork& network, Quantization& quantization, std::uint32_t stream) {
    Random random(19, Purpose::test, 0, stream);
    const Graph& graph = network.graph;
    for (int i = 0; i < graph.size(); ++i)
        for (int k = 0; k < static_cast<int>(graph[i].inputs.size()); ++k) {
            const OnCodes on_codes = operation(graph[i].op).on_codes;
            const int from = graph[i].inputs[static_cast<std::size_t>(k)];
            if (on_codes == OnCodes::gemm && random.below(2))
                quantize_by_channel(graph, network.weights, i, quantization, stream);
            const bool stored =
                operation(graph[from].op).on_codes == OnCodes::reals || graph[from].op == Op::input;
            if ((on_codes == OnCodes::reals || on_codes == OnCodes::sum) && stored && random.below(2))
                quantization.edges.insert_or_assign(
                    GraphEdge{i, k}, make_quantizer(scheme_from(stream % 2 ? "s6-pt" : "u6z21-pt"), 0.0625f,
                                                    Rounding::half_up));
        }
}

IntegerGraph branching_integer_network(std::uint32_t stream) {
    const Graph graph = branching_network(stream);
    const FoldedNetwork folded = fold_batch_norm(graph, random_weights(graph, stream));
    Quantization q = quantize(folded, {}, stream);
    quantize_edges(folded, q, stream);
    return lower(folded.graph, folded.weights, q);
}

}  // namespace nibble::test
