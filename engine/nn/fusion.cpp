#include "engine/nn/fusion.hpp"

#include "engine/core/error.hpp"
#include "engine/nn/op.hpp"

namespace nibble {
namespace {

class Fusion {
  public:
    explicit Fusion(const Graph& graph)
        : graph_(graph),
          readers_(readers_of(graph)),
          open_(graph.nodes().size()),
          has_value_(graph.nodes().size()) {}

    std::vector<FusedLayer> run() {
        for (int i = 0; i < graph_.size(); ++i) {
            const bool last = i + 1 == graph_.size();
            if (readers_[i].empty() != last) fail(i, "its output is not used");
            add(i);
        }
        return std::move(layers_);
    }

  private:
    [[noreturn]] void fail(int i, const std::string& why) const {
        throw Unsupported(describe(graph_, i) + ": " + why);
    }

    bool has_one_reader(int i) const { return readers_[i].size() == 1; }

    /// The operand of an addition that the fused layer starts from: a convolution's or batch norm's private
    /// output.
    int main_operand(int add) const {
        for (int x : graph_[add].inputs) {
            const bool norm = graph_[x].op == Op::batch_norm && is_product(graph_[graph_[x].inputs.front()]);
            if (has_one_reader(x) && (is_product(graph_[x]) || norm)) return x;
        }
        return -1;
    }

    /// The only reader of the layer's last node continues the layer instead of reading its output.
    bool continues(const FusedLayer& layer) const {
        if (!has_one_reader(layer.last)) return false;
        const int next = readers_[layer.last].front();
        const Op op = graph_[next].op;
        return (op == Op::batch_norm && layer.last == layer.conv) || (op == Op::relu && !layer.relu) ||
               (op == Op::add && !layer.relu && layer.residual < 0 && main_operand(next) == layer.last);
    }

    void require_value(int i) const {
        if (!has_value_[graph_[i].inputs.front()])
            fail(i, "cannot read its input, which is part of a fused layer");
    }

    void add(int i) {
        const Node& node = graph_[i];
        switch (node.op) {
            case Op::input:
                has_value_[i] = true;
                return;
            case Op::conv:
            case Op::linear:
                require_value(i);
                return close_or_continue({.conv = i, .last = i});
            case Op::max_pool:
            case Op::avg_pool:
            case Op::global_pool:
                require_value(i);
                has_value_[i] = true;
                return;
            case Op::shortcut_a:
                for (int reader : readers_[i])
                    if (graph_[reader].op != Op::add || main_operand(reader) < 0)
                        fail(i, "a shortcut must end in an addition to a convolution or batch norm");
                return;
            case Op::batch_norm: {
                FusedLayer layer = continued(i, node.inputs.front());
                layer.norm = i;
                return close_or_continue(layer);
            }
            case Op::relu: {
                FusedLayer layer = continued(i, node.inputs.front());
                layer.relu = true;
                return close_or_continue(layer);
            }
            case Op::add: {
                const int main = main_operand(i);
                if (main < 0)
                    fail(i, "one operand must be the private output of a convolution or batch norm");
                FusedLayer layer = continued(i, main);
                layer.add = i;
                layer.residual = node.inputs[0] == main ? node.inputs[1] : node.inputs[0];
                const Node& other = graph_[layer.residual];
                const int source = other.op == Op::shortcut_a ? other.inputs.front() : layer.residual;
                if (!has_value_[source])
                    fail(i, "cannot read its second operand, which is part of a fused layer");
                return close_or_continue(layer);
            }
        }
    }

    /// The layer that ends in `from`, now ending in i.
    FusedLayer continued(int i, int from) const {
        FusedLayer layer = open_[from];
        if (layer.conv < 0)
            fail(i, "only fused layers are supported: it must follow a convolution or linear layer");
        layer.last = i;
        return layer;
    }

    void close_or_continue(const FusedLayer& layer) {
        if (continues(layer)) {
            open_[layer.last] = layer;
        } else {
            has_value_[layer.last] = true;
            layers_.push_back(layer);
        }
    }

    const Graph& graph_;
    std::vector<std::vector<int>> readers_;
    std::vector<FusedLayer> open_;  ///< by node: the layer that ends there and goes on; conv = -1 if none
    std::vector<bool> has_value_;
    std::vector<FusedLayer> layers_;
};

}  // namespace

std::vector<FusedLayer> fuse(const Graph& graph) {
    return Fusion(graph).run();
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
