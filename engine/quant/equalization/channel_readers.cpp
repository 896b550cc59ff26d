#include "engine/quant/equalization/channel_readers.hpp"

#include <algorithm>
#include <numeric>

#include "engine/nn/ops/channels.hpp"

namespace nibble {
namespace {

constexpr int kNone = -1;

bool is_homogeneous(const Clamp& clamp) {
    return (!clamp.bounds_below() || clamp.low == 0) && (!clamp.bounds_above() || clamp.high == 0);
}

/// Follows the channels of one layer through the nodes behind it.
class Following {
  public:
    Following(const Graph& graph, int layer) : graph_(graph), origins_(graph.nodes().size()) {
        origins(layer).resize(static_cast<std::size_t>(graph[layer].out.c));
        std::iota(origins(layer).begin(), origins(layer).end(), 0);
        readers_.of.resize(origins(layer).size());
    }

    /// False where it ends: the factor is not handed on.
    bool pass(int i) {
        const Node& node = graph_[i];
        if (std::all_of(node.inputs.begin(), node.inputs.end(), [&](int x) { return origins(x).empty(); }))
            return true;
        switch (node.op) {
            case Op::conv:
            case Op::linear:
                read(i);
                return true;
            case Op::clamp:
                if (!is_homogeneous(node.clamp)) return false;
                [[fallthrough]];
            case Op::leaky_relu:
            case Op::max_pool:
            case Op::avg_pool:
            case Op::global_pool:
            case Op::adaptive_pool:
            case Op::pad:
            case Op::dropout:
                origins(i) = origins(node.inputs.front());
                return true;
            case Op::concat:
                concatenate(i);
                return true;
            case Op::slice:
            case Op::shuffle:
                pick(i);
                return true;
            case Op::input:
            case Op::batch_norm:
            case Op::add:
            case Op::shortcut_a:
            case Op::multiply:
            case Op::hard_sigmoid:
            case Op::hard_swish:
            case Op::sigmoid:
            case Op::silu:
            case Op::local_norm:
            case Op::softmax:
                return false;
        }
        return false;
    }

    bool reaches_output() const { return !origins_.back().empty(); }
    ChannelReaders readers() && { return std::move(readers_); }

  private:
    std::vector<int>& origins(int node) { return origins_[static_cast<std::size_t>(node)]; }

    void read(int i) {
        const std::vector<int>& in = origins(graph_[i].inputs.front());
        for (std::size_t k = 0; k < in.size(); ++k)
            if (in[k] != kNone)
                readers_.of[static_cast<std::size_t>(in[k])].push_back({i, static_cast<int>(k)});
    }

    void concatenate(int i) {
        for (int x : graph_[i].inputs) {
            if (origins(x).empty())
                origins(i).insert(origins(i).end(), static_cast<std::size_t>(graph_[x].out.c), kNone);
            else
                origins(i).insert(origins(i).end(), origins(x).begin(), origins(x).end());
        }
    }

    void pick(int i) {
        const Node& node = graph_[i];
        const std::vector<int>& in = origins(node.inputs.front());
        std::vector<int> picked;
        for (int c = 0; c < node.out.c; ++c)
            picked.push_back(in[static_cast<std::size_t>(picked_channel(node, c))]);
        if (std::any_of(picked.begin(), picked.end(), [](int c) { return c != kNone; }))
            origins(i) = std::move(picked);
    }

    const Graph& graph_;
    /// By node: which output channel of the layer each of its channels is, or kNone; empty if none is.
    std::vector<std::vector<int>> origins_;
    ChannelReaders readers_;
};

}  // namespace

std::optional<ChannelReaders> channel_readers(const Graph& graph, int layer) {
    Following following(graph, layer);
    for (int i = layer + 1; i < graph.size(); ++i)
        if (!following.pass(i)) return std::nullopt;
    if (following.reaches_output()) return std::nullopt;
    return std::move(following).readers();
}

}  // namespace nibble
