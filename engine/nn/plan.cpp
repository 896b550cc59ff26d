#include "engine/nn/plan.hpp"

#include <algorithm>

#include "engine/core/error.hpp"
#include "engine/nn/schedule.hpp"

namespace nibble {
namespace {

/// conv -> batch norm? -> add? -> ReLU?, still growing; -1 where absent.
struct Chain {
    int conv = -1, norm = -1, residual = -1;
    bool relu = false;
};

class Builder {
  public:
    Builder(const Context& context, const Graph& graph)
        : context_(context),
          graph_(graph),
          readers_(graph.nodes().size()),
          chains_(graph.nodes().size()),
          unit_of_(graph.nodes().size(), nullptr) {
        for (int i = 0; i < graph.size(); ++i)
            for (int input : graph[i].inputs) readers_[input].push_back(i);
    }

    Plan build() {
        for (int i = 0; i < graph_.size(); ++i) {
            const bool last = i + 1 == graph_.size();
            if (readers_[i].empty() != last) fail(i, "its output is not used");
            add(i);
        }
        plan_.output = plan_.convs.empty() ? nullptr : plan_.convs.back();
        const int last = graph_.size() - 1;
        if (!plan_.output || unit_of_[last] != plan_.output || graph_[last].out.h * graph_[last].out.w != 1)
            fail(last, "the network must end with a linear layer or a convolution to 1x1");
        return std::move(plan_);
    }

  private:
    [[noreturn]] void fail(int i, const std::string& why) const {
        static const char* const names[] = {"input", "conv",     "linear",   "batch_norm", "relu",
                                            "add",   "shortcut", "max_pool", "avg_pool",   "global_pool"};
        const Node& node = graph_[i];
        throw Unsupported("node " + std::to_string(i) + " (" + names[static_cast<int>(node.op)] +
                          (node.name.empty() ? "" : " " + node.name) + "): " + why);
    }

    template <class U, class... Args>
    U& emplace(Args&&... args) {
        auto unit = std::make_unique<U>(context_, std::forward<Args>(args)...);
        U& reference = *unit;
        plan_.units.push_back(std::move(unit));
        return reference;
    }

    bool has_one_reader(int i) const { return readers_[i].size() == 1; }
    bool is_product(int i) const { return graph_[i].op == Op::conv || graph_[i].op == Op::linear; }

    /// The operand of an addition that the fused unit starts from: a convolution's or batch norm's private
    /// output.
    int main_operand(int add) const {
        for (int x : graph_[add].inputs) {
            const bool norm = graph_[x].op == Op::batch_norm && is_product(graph_[x].inputs.front());
            if (has_one_reader(x) && (is_product(x) || norm)) return x;
        }
        return -1;
    }

    /// The only reader of i continues its chain instead of reading its output.
    bool continues(int i, const Chain& chain) const {
        if (!has_one_reader(i)) return false;
        const int next = readers_[i].front();
        switch (graph_[next].op) {
            case Op::batch_norm:
                return is_product(i);
            case Op::relu:
                return !chain.relu;
            case Op::add:
                return !chain.relu && chain.residual < 0 && main_operand(next) == i;
            default:
                return false;
        }
    }

    Unit* source(int i) const {
        Unit* unit = unit_of_[graph_[i].inputs.front()];
        if (!unit) fail(i, "cannot read its input, which is part of a fused layer");
        return unit;
    }

    void add(int i) {
        const Node& node = graph_[i];
        switch (node.op) {
            case Op::input:
                unit_of_[i] = plan_.input = &emplace<InputUnit>(node.out);
                return;
            case Op::conv:
            case Op::linear:
                return add_product(i);
            case Op::max_pool:
            case Op::avg_pool:
            case Op::global_pool:
                unit_of_[i] = &emplace<PoolUnit>(Edge{source(i)}, node.out, node.op, node.window);
                return;
            case Op::shortcut_a:
                for (int reader : readers_[i])
                    if (graph_[reader].op != Op::add || main_operand(reader) < 0)
                        fail(i, "a shortcut must end in an addition to a convolution or batch norm");
                return;
            case Op::batch_norm:
                return extend(i, node.inputs.front(), [&](Chain& c) { c.norm = i; });
            case Op::relu:
                return extend(i, node.inputs.front(), [](Chain& c) { c.relu = true; });
            case Op::add: {
                const int main = main_operand(i);
                if (main < 0)
                    fail(i, "one operand must be the private output of a convolution or batch norm");
                const int other = node.inputs[0] == main ? node.inputs[1] : node.inputs[0];
                return extend(i, main, [&](Chain& c) { c.residual = other; });
            }
        }
    }

    void add_product(int i) {
        const Node& node = graph_[i];
        ConvUnit::Options options{node.name, node.window, node.bias, i + 1 == graph_.size()};
        auto& conv = emplace<ConvUnit>(Edge{source(i)}, node.out, options);
        plan_.convs.push_back(&conv);
        conv_of_[i] = &conv;
        const Chain chain{i, -1, -1, false};
        if (continues(i, chain))
            chains_[i] = chain;
        else
            unit_of_[i] = &conv;
    }

    template <class Change>
    void extend(int i, int from, Change change) {
        Chain chain = chains_[from];
        if (chain.conv < 0)
            fail(i, "only fused layers are supported: it must follow a convolution or linear layer");
        change(chain);
        if (continues(i, chain))
            chains_[i] = chain;
        else
            close(i, chain);
    }

    void close(int i, const Chain& chain) {
        ActivationUnit::Options options;
        if (chain.norm >= 0) {
            options.norm = graph_[chain.norm].name;
            options.eps = graph_[chain.norm].eps;
        }
        options.relu = chain.relu;
        options.stored = !(has_one_reader(i) && is_product(readers_[i].front())) || chain.residual >= 0;
        if (chain.residual >= 0) {
            const Node& other = graph_[chain.residual];
            const bool shortcut = other.op == Op::shortcut_a;
            options.residual.from = unit_of_[shortcut ? other.inputs.front() : chain.residual];
            if (!options.residual.from)
                fail(i, "cannot read its second operand, which is part of a fused layer");
            options.shortcut_stride = shortcut ? other.stride : 0;
        }
        ConvUnit& conv = *conv_of_.at(chain.conv);
        auto& activation = emplace<ActivationUnit>(conv, options);
        conv.set_activation(&activation);
        if (options.residual.from)
            options.residual.from->add_residual_reader(&activation, options.shortcut_stride);
        plan_.activations.push_back(&activation);
        unit_of_[i] = &activation;
    }

    const Context& context_;
    const Graph& graph_;
    std::vector<std::vector<int>> readers_;
    std::vector<Chain> chains_;  ///< by node: the chain that ends there and goes on, conv = -1 if none
    std::vector<Unit*> unit_of_;
    std::map<int, ConvUnit*> conv_of_;
    Plan plan_;
};

}  // namespace

Plan make_plan(const Context& context, const Graph& graph) {
    Plan plan = Builder(context, graph).build();
    schedule(plan, context.training, context.slots);
    return plan;
}

}  // namespace nibble
