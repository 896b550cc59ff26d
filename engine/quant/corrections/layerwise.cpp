#include "engine/quant/corrections/layerwise.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "engine/core/error.hpp"
#include "engine/core/parallel.hpp"
#include "engine/nn/fusion.hpp"
#include "engine/nn/network.hpp"
#include "engine/nn/ops/op.hpp"

namespace nibble {
namespace {

/// By image.
using Values = std::vector<std::vector<float>>;

/// One convolution or linear layer as a network of its own, so that its arithmetic is that of whole networks,
/// which must go on to a linear layer.
class SingleLayer {
  public:
    SingleLayer(Node node, Dims in, const Array<float>& weight) {
        const int channels = node.channels;
        node.inputs = {graph_.input(in)};
        node.name = "layer";
        node.bias = false;
        at_ = graph_.append(std::move(node));
        weights_["layer.weight"] = weight;
        graph_.linear(graph_.global_pool(at_), "end", 1, /*bias=*/false);
        weights_["end.weight"] = xt::zeros<float>(Shape{1, static_cast<std::size_t>(channels)});
        network_ = std::make_unique<Network>(graph_, Numerics::f32, Network::Mode::evaluation, 0, weights_,
                                             no_gradients_);
    }

    std::vector<float> operator()(const std::vector<float>& x, int worker) {
        float logit;
        network_->infer(x.data(), {&logit, 1}, worker);
        return network_->activation(at_, worker);
    }

  private:
    Graph graph_;
    Weights weights_, no_gradients_;
    std::unique_ptr<Network> network_;
    int at_ = 0;
};

class Run {
  public:
    Run(const Graph& graph, const Weights& weights, const Quantization& quantization,
        std::span<const float> images, const Decide& decide, const Prepare& prepare)
        : graph_(graph),
          weights_(weights),
          quantization_(quantization),
          decide_(decide),
          prepare_(prepare),
          readers_(readers_of(graph)),
          values_(graph.nodes().size()) {
        graph.check(weights);
        check(quantization, graph, weights);
        for (const Node& node : graph.nodes())
            if (node.op == Op::batch_norm && is_weighted(graph[node.inputs[0]]) &&
                readers_[node.inputs[0]].size() == 1)
                throw Unsupported("'" + node.name + "': fold batch norm first");
        const std::size_t size = graph.input_dims().size();
        images_ = images.size() / size;
        if (images_ == 0 || images_ * size != images.size())
            throw BadInput("calibration", "size of the images",
                           "a multiple of " + std::to_string(size) + ", at least one image",
                           std::to_string(images.size()));
        for (std::size_t i = 0; i < images_; ++i)
            values_[0].emplace_back(images.begin() + static_cast<std::ptrdiff_t>(i * size),
                                    images.begin() + static_cast<std::ptrdiff_t>((i + 1) * size));
    }

    void compute(int i) {
        const Node& node = graph_[i];
        values_[i].resize(images_);
        if (is_weighted(node)) return compute_layer(i);
        parallel_for(images_, [&](std::size_t image) {
            std::vector<std::vector<float>> operands;
            std::vector<OpInput> in;
            for (std::size_t k = 0; k < node.inputs.size(); ++k)
                operands.push_back(operand(i, static_cast<int>(k), image));
            for (std::size_t k = 0; k < node.inputs.size(); ++k)
                in.push_back({operands[k].data(), graph_[node.inputs[k]].out});
            values_[i][image].resize(node.out.size());
            operation(node.op).forward(node, in, weights_, values_[i][image].data());
        });
    }

    const std::vector<float>& value(int i, std::size_t image) const { return values_[i][image]; }

    /// Drops the values that node i was the last to read.
    void drop_read(int i) {
        for (int from : graph_[i].inputs)
            if (*std::max_element(readers_[from].begin(), readers_[from].end()) == i)
                Values().swap(values_[from]);
    }

  private:
    /// What node i reads of an image.
    std::vector<float> operand(int i, int number, std::size_t image) const {
        const Node& node = graph_[i];
        const int from = node.inputs[static_cast<std::size_t>(number)];
        std::vector<float> x = values_[from][image];
        const auto found = quantization_.edges.find({i, number});
        if (found == quantization_.edges.end()) return x;
        const Quantizer& q = found->second;
        const auto channels = static_cast<std::size_t>(graph_[from].out.c);
        for (std::size_t pixel = 0; pixel < x.size(); pixel += channels)
            for (std::size_t c = 0; c < channels; ++c)
                x[pixel + c] = static_cast<float>(code_of(q, x[pixel + c], c)) * q.step;
        return x;
    }

    void compute_layer(int i) {
        const Node& node = graph_[i];
        if (prepare_) prepare_(i, [&](std::size_t image) { return operand(i, 0, image); });
        const auto quantized = quantization_.layers.find(node.name);
        const Array<float> weight = quantized == quantization_.layers.end()
                                        ? weights_.at(node.name + ".weight")
                                        : quantized->second.values();
        SingleLayer layer(node, graph_[node.inputs[0]].out, weight);
        const auto channels = static_cast<std::size_t>(node.out.c);
        std::vector<double> sums(images_ * 2 * channels, 0.0);  // of each image: of y, then of y^2
        parallel_for(images_, [&](std::size_t image, int worker) {
            values_[i][image] = layer(operand(i, 0, image), worker);
            const std::vector<float>& y = values_[i][image];
            double *sum = sums.data() + image * 2 * channels, *squares = sum + channels;
            for (std::size_t pixel = 0; pixel < y.size(); pixel += channels)
                for (std::size_t c = 0; c < channels; ++c) {
                    const double v = y[pixel + c];
                    sum[c] += v;
                    squares[c] += v * v;
                }
        });
        tree_sum(std::span(sums), images_);
        const double count = static_cast<double>(images_ * node.out.size() / channels);
        Moments moments;
        moments.mean = vector_of(sums.data(), channels) / count;
        moments.variance =
            xt::maximum(vector_of(sums.data() + channels, channels) / count - xt::square(moments.mean), 0.0);
        const ChannelMap map = decide_(i, moments);
        parallel_for(images_, [&](std::size_t image) {
            std::vector<float>& values = values_[i][image];
            for (std::size_t pixel = 0; pixel < values.size(); pixel += channels)
                for (std::size_t c = 0; c < channels; ++c)
                    values[pixel + c] = values[pixel + c] * map.scale(c) + map.shift(c);
        });
    }

    const Graph& graph_;
    const Weights& weights_;
    const Quantization& quantization_;
    const Decide& decide_;
    const Prepare& prepare_;
    std::vector<std::vector<int>> readers_;
    std::vector<Values> values_;  ///< by node; empty before and after its time
    std::size_t images_ = 0;
};

}  // namespace

void run_layerwise(const Graph& graph, const Weights& weights, const Quantization& quantization,
                   std::span<const float> images, const Decide& decide, const Prepare& prepare) {
    flush_denormals();
    Run run(graph, weights, quantization, images, decide, prepare);
    for (int i = 1; i < graph.size(); ++i) {
        run.compute(i);
        run.drop_read(i);
    }
}

void run_beside_floats(const Graph& graph, const Weights& weights, const Quantization& quantization,
                       std::span<const float> images, const BesideFloats& beside) {
    flush_denormals();
    Moments floats;
    const Quantization none;
    const Decide keep = [&](int layer, const Moments& sums) {
        floats = sums;
        return unchanged(graph, weights, layer);
    };
    const Prepare nothing;
    Run reference(graph, weights, none, images, keep, nothing);
    const Prepare prepare = [&](int layer, const Operand& operand) {
        beside.prepare(
            layer, operand, [&](std::size_t image) -> const auto& { return reference.value(layer, image); });
    };
    const Decide decide = [&](int layer, const Moments& sums) { return beside.decide(layer, sums, floats); };
    Run quantized(graph, weights, quantization, images, decide, prepare);
    for (int i = 1; i < graph.size(); ++i) {
        reference.compute(i);
        quantized.compute(i);
        reference.drop_read(i);
        quantized.drop_read(i);
    }
}

ChannelMap unchanged(const Graph& graph, const Weights& weights, int layer) {
    const Node& node = graph[layer];
    const auto channels = static_cast<std::size_t>(node.out.c);
    ChannelMap map{xt::ones<float>({channels}), xt::zeros<float>({channels})};
    if (node.bias) map.shift = weights.at(node.name + ".bias");
    return map;
}

}  // namespace nibble
