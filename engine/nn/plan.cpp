#include "engine/nn/plan.hpp"

#include <algorithm>

#include "engine/core/error.hpp"
#include "engine/nn/fusion.hpp"
#include "engine/nn/plain_unit.hpp"
#include "engine/nn/schedule.hpp"

namespace nibble {
namespace {

class Builder {
  public:
    Builder(const Context& context, const Graph& graph)
        : context_(context),
          graph_(graph),
          readers_(readers_of(graph)),
          layers_(fuse(graph)),
          unit_of_(graph.nodes().size(), nullptr),
          conv_of_(graph.nodes().size(), nullptr) {}

    Plan build() {
        for (int i = 0; i < graph_.size(); ++i) add(i);
        plan_.output = plan_.convs.empty() ? nullptr : plan_.convs.back();
        const int last = graph_.size() - 1;
        if (!plan_.output || unit_of_[last] != plan_.output || graph_[last].out.h * graph_[last].out.w != 1)
            throw Unsupported(describe(graph_, last) +
                              ": the network must end with a linear layer or a convolution to 1x1");
        plan_.unit_of = unit_of_;
        return std::move(plan_);
    }

  private:
    template <class U, class... Args>
    U& emplace(Args&&... args) {
        auto unit = std::make_unique<U>(context_, std::forward<Args>(args)...);
        U& reference = *unit;
        plan_.units.push_back(std::move(unit));
        return reference;
    }

    Unit* source(int i) const { return unit_of_[graph_[i].inputs.front()]; }

    void add(int i) {
        const Node& node = graph_[i];
        switch (node.op) {
            case Op::input:
                unit_of_[i] = plan_.input = &emplace<InputUnit>(node.out);
                return;
            case Op::conv:
            case Op::linear:
                add_product(i);
                break;
            case Op::max_pool:
            case Op::avg_pool:
            case Op::global_pool:
                unit_of_[i] = &emplace<PlainUnit>(Edge{source(i)}, node);
                return;
            case Op::batch_norm:
            case Op::relu:
            case Op::add:
            case Op::shortcut_a:
                break;  // part of the layer that close() makes
        }
        const auto layer =
            std::find_if(layers_.begin(), layers_.end(), [&](const FusedLayer& l) { return l.last == i; });
        if (layer != layers_.end()) close(*layer);
    }

    void add_product(int i) {
        const Node& node = graph_[i];
        ConvUnit::Options options{node.name, node.window, node.bias, i + 1 == graph_.size()};
        conv_of_[i] = &emplace<ConvUnit>(Edge{source(i)}, node.out, options);
        plan_.convs.push_back(conv_of_[i]);
    }

    void close(const FusedLayer& layer) {
        ConvUnit& conv = *conv_of_[layer.conv];
        if (layer.last == layer.conv) {
            unit_of_[layer.last] = &conv;
            return;
        }
        ActivationUnit::Options options;
        if (layer.norm >= 0) {
            options.norm = graph_[layer.norm].name;
            options.eps = graph_[layer.norm].eps;
        }
        options.relu = layer.relu;
        const auto& readers = readers_[layer.last];
        const bool read_by_one_product = readers.size() == 1 && is_product(graph_[readers[0]]);
        options.stored = !read_by_one_product || layer.residual >= 0;
        if (layer.residual >= 0) {
            const Node& other = graph_[layer.residual];
            const bool shortcut = other.op == Op::shortcut_a;
            options.residual.from = unit_of_[shortcut ? other.inputs.front() : layer.residual];
            options.shortcut_stride = shortcut ? other.stride : 0;
        }
        auto& activation = emplace<ActivationUnit>(conv, options);
        conv.set_activation(&activation);
        if (options.residual.from)
            options.residual.from->add_residual_reader(&activation, options.shortcut_stride);
        plan_.activations.push_back(&activation);
        unit_of_[layer.last] = &activation;
    }

    const Context& context_;
    const Graph& graph_;
    std::vector<std::vector<int>> readers_;
    std::vector<FusedLayer> layers_;
    std::vector<Unit*> unit_of_;
    std::vector<ConvUnit*> conv_of_;
    Plan plan_;
};

}  // namespace

Plan make_plan(const Context& context, const Graph& graph) {
    Plan plan = Builder(context, graph).build();
    schedule(plan, context.training, context.slots);
    return plan;
}

}  // namespace nibble
