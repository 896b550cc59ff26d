#include "engine/nn/plan.hpp"

#include <algorithm>

#include "engine/core/error.hpp"
#include "engine/nn/units/conv.hpp"
#include "engine/nn/units/depthwise_conv.hpp"
#include "engine/nn/units/dropout_unit.hpp"
#include "engine/nn/units/grouped_conv.hpp"
#include "engine/nn/units/pass_unit.hpp"
#include "engine/nn/units/plain_unit.hpp"

namespace nibble {
namespace {

/// Of depthwise convolutions: their sums of products of 8-bit codes are exact as floats.
constexpr int kMostTaps = 512;

class Builder {
  public:
    Builder(const Context& context, const Graph& graph, Fuse how)
        : context_(context),
          graph_(graph),
          how_(how),
          readers_(readers_of(graph)),
          layers_(fuse(graph, how)),
          layer_ending_(graph.nodes().size(), nullptr),
          unit_of_(graph.nodes().size(), nullptr),
          weighted_unit_(graph.nodes().size(), nullptr) {
        for (const FusedLayer& layer : layers_) layer_ending_[layer.last] = &layer;
    }

    Plan build() {
        for (int i = 0; i < graph_.size(); ++i) add(i);
        const int last = graph_.size() - 1;
        if (graph_[last].out.h * graph_[last].out.w != 1)
            throw Unsupported(describe(graph_, last) + ": the network must end in one pixel of logits, not " +
                              to_string(graph_[last].out));
        plan_.output = unit_of_[last];
        plan_.output->keep_floats();
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

    void add(int i) {
        const Node& node = graph_[i];
        if (node.op == Op::input)
            unit_of_[i] = plan_.input = &emplace<InputUnit>(node.out);
        else if (is_weighted(node))
            add_weighted(i);
        else if (!operation(node.op).fuses && !is_joined(i))
            add_plain(i);
        if (layer_ending_[i]) close(*layer_ending_[i]);
    }

    /// Logits are kept in float whatever the numerics.
    bool is_output(int i) const { return i + 1 == graph_.size(); }

    /// A shortcut that every reader adds as it reads.
    bool is_joined(int i) const {
        return how_ == Fuse::all && graph_[i].op == Op::shortcut_a &&
               std::ranges::all_of(layers_, [&](const FusedLayer& l) { return l.value != i; }) &&
               std::ranges::all_of(readers_[i], [&](int reader) { return graph_[reader].op == Op::add; });
    }

    void add_weighted(int i) {
        const Node& node = graph_[i];
        const int from = node.inputs.front();
        const Dims in = graph_[from].out;
        const Window& w = node.window;
        const WeightedUnit::Options options{node.name, node.op == Op::linear ? Window(in.h, in.w) : w,
                                            node.groups, node.bias, is_output(i)};
        const Edge input{unit_of_[from]};
        if (node.groups > 1 && node.groups == in.c && node.out.c == in.c && w.taps() <= kMostTaps)
            weighted_unit_[i] = &emplace<DepthwiseConvUnit>(input, node.out, options);
        else if (node.groups > 1 || w.rows.dilation > 1 || w.cols.dilation > 1)
            weighted_unit_[i] = &emplace<GroupedConvUnit>(input, node.out, options);
        else
            weighted_unit_[i] = &emplace<ConvUnit>(input, node.out, options);
        plan_.weighted.push_back(weighted_unit_[i]);
    }

    void add_plain(int i) {
        const Node& node = graph_[i];
        if (context_.training && node.op == Op::dropout) {
            unit_of_[i] = &emplace<DropoutUnit>(Edge{unit_of_[node.inputs.front()]}, node.rate, dropouts_++);
            return;
        }
        if (context_.training && !operation(node.op).backward)
            throw Unsupported(describe(graph_, i) + ": it has no gradient, so the network cannot be trained");
        std::vector<Edge> inputs;
        for (int x : node.inputs) inputs.push_back({unit_of_[x]});
        unit_of_[i] = &emplace<PlainUnit>(std::move(inputs), node,
                                          is_output(i) ? kernels::Storage::f32 : context_.storage());
    }

    void close(const FusedLayer& layer) {
        if (layer.last == layer.conv) {
            unit_of_[layer.last] = weighted_unit_[layer.conv];
            return;
        }
        ActivationSource* source = weighted_unit_[std::max(layer.conv, 0)];
        if (layer.conv < 0) source = &emplace<PassUnit>(Edge{unit_of_[layer.value]});
        ActivationUnit::Options options;
        if (layer.norm >= 0) {
            options.norm = graph_[layer.norm].name;
            options.eps = graph_[layer.norm].eps;
        }
        options.clamp = layer.clamp;
        const auto& readers = readers_[layer.last];
        const bool read_by_one_weighted = readers.size() == 1 && is_weighted(graph_[readers[0]]);
        options.stored = !read_by_one_weighted || layer.residual >= 0;
        if (layer.residual >= 0) {
            const Node& other = graph_[layer.residual];
            const bool joined = is_joined(layer.residual);
            options.residual.from = unit_of_[joined ? other.inputs.front() : layer.residual];
            options.shortcut_stride = joined ? other.stride : 0;
        }
        auto& activation = emplace<ActivationUnit>(*source, options);
        source->set_activation(&activation);
        if (options.residual.from)
            options.residual.from->add_residual_reader(&activation, options.shortcut_stride);
        plan_.activations.push_back(&activation);
        unit_of_[layer.last] = &activation;
    }

    const Context& context_;
    const Graph& graph_;
    Fuse how_;
    std::vector<std::vector<int>> readers_;
    std::vector<FusedLayer> layers_;
    std::vector<const FusedLayer*> layer_ending_;  ///< by node; null inside a layer and for other nodes
    std::vector<Unit*> unit_of_;
    std::vector<WeightedUnit*> weighted_unit_;
    int dropouts_ = 0;
    Plan plan_;
};

}  // namespace

Plan make_plan(const Context& context, const Graph& graph, Fuse how) {
    Plan plan = Builder(context, graph, how).build();
    schedule(plan, context.training, context.slots);
    return plan;
}

}  // namespace nibble
