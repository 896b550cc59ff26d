#include "engine/nn/fusion.hpp"

#include "engine/core/error.hpp"
#include "engine/nn/ops/op.hpp"

namespace nibble {
namespace {

class Fusion {
  public:
    Fusion(const Graph& graph, Fuse how)
        : graph_(graph), how_(how), readers_(readers_of(graph)), open_(graph.nodes().size()) {}

    std::vector<FusedLayer> run() {
        for (int i = 0; i < graph_.size(); ++i) {
            const bool last = i + 1 == graph_.size();
            if (readers_[i].empty() != last)
                throw Unsupported(describe(graph_, i) + ": its output is not used");
            add(i);
        }
        return std::move(layers_);
    }

  private:
    /// The operand of an addition that the fused layer starts from: a convolution's or batch norm's private
    /// output.
    int main_operand(int add) const {
        for (int x : graph_[add].inputs)
            if (readers_[x].size() == 1 && (is_weighted(graph_[x]) || graph_[x].op == Op::batch_norm))
                return x;
        return -1;
    }

    /// The only reader of the layer's last node continues the layer instead of reading its output.
    bool continues(const FusedLayer& layer) const {
        if (how_ == Fuse::nowhere || readers_[layer.last].size() != 1) return false;
        const int next = readers_[layer.last].front();
        const Op op = graph_[next].op;
        if (layer.clamp.bounds()) return false;
        return op == Op::clamp || (op == Op::batch_norm && layer.last == layer.conv) ||
               (op == Op::add && layer.add < 0 && main_operand(next) == layer.last);
    }

    void add(int i) {
        const Node& node = graph_[i];
        if (is_weighted(node)) return close_or_continue({.conv = i, .last = i});
        if (!operation(node.op).fuses) return;
        int from = node.inputs.front();
        if (node.op == Op::add && main_operand(i) == node.inputs[1]) from = node.inputs[1];
        FusedLayer layer = open_[from];
        if (layer.last < 0) layer.value = from;
        layer.last = i;
        if (node.op == Op::batch_norm) layer.norm = i;
        if (node.op == Op::clamp) layer.clamp = node.clamp;
        if (node.op == Op::add) {
            layer.add = i;
            layer.residual = node.inputs[from == node.inputs[0] ? 1 : 0];
        }
        close_or_continue(layer);
    }

    void close_or_continue(const FusedLayer& layer) {
        if (continues(layer))
            open_[layer.last] = layer;
        else
            layers_.push_back(layer);
    }

    const Graph& graph_;
    Fuse how_;
    std::vector<std::vector<int>> readers_;
    std::vector<FusedLayer> open_;  ///< by node: the layer that ends there and goes on; last = -1 if none
    std::vector<FusedLayer> layers_;
};

}  // namespace

std::vector<FusedLayer> fuse(const Graph& graph, Fuse how) {
    return Fusion(graph, how).run();
}

std::vector<std::vector<int>> readers_of(const Graph& graph) {
    std::vector<std::vector<int>> readers(graph.nodes().size());
    for (int i = 0; i < graph.size(); ++i)
        for (int input : graph[i].inputs) readers[input].push_back(i);
    return readers;
}

std::string describe(const Graph& graph, int node) {
    const Node& n = graph[node];
    return "node " + std::to_string(node) + " (" + operation(n.op).name +
           (n.name.empty() ? "" : " " + n.name) + ")";
}

}  // namespace nibble
