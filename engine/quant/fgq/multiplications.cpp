#include "engine/quant/fgq/multiplications.hpp"

namespace nibble::fgq {

Multiplications multiplications_of(const Graph& graph,
                                   const std::map<std::string, QuantizedWeights>& layers) {
    Multiplications m;
    for (int i : graph.weighted_layers()) {
        const Node& node = graph[i];
        const std::uint64_t pixels = Dims{node.out.h, node.out.w, 1}.size();
        const std::uint64_t weights = count(graph.weight_shape(node));
        const auto found = layers.find(node.name);
        const bool in_groups = found != layers.end() && found->second.scheme.kind == Kind::ternary &&
                               found->second.scheme.granularity == Granularity::group;
        m.all += pixels * weights;
        m.left += pixels * (in_groups ? found->second.multipliers.size() : weights);
    }
    return m;
}

Multiplications multiplications_of(const Graph& graph, int group, Counted counted) {
    Multiplications m;
    for (int i : graph.weighted_layers()) {
        const Node& node = graph[i];
        const bool is_first = i == graph.weighted_layers().front();
        if (is_first && counted == Counted::ternary_layers) continue;
        const Shape shape = graph.weight_shape(node);
        const std::uint64_t pixels = Dims{node.out.h, node.out.w, 1}.size(), weights = count(shape);
        m.all += pixels * weights;
        m.left += pixels * (is_first ? weights : weights / shape[1] * groups_of(shape[1], group));
    }
    return m;
}

}  // namespace nibble::fgq
