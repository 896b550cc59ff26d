#include "engine/quant/equalization/equalization.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "engine/quant/equalization/channel_readers.hpp"

namespace nibble {
namespace {

/// A convolution or linear layer under factors: its weights are W[o][k] gains[k] / divisors[o], k the channel of
/// the whole input.
class ScaledLayer {
  public:
    ScaledLayer(const Graph& graph, const Weights& weights, int layer)
        : name_(graph[layer].name),
          outputs_(static_cast<std::size_t>(graph[layer].out.c)),
          groups_(static_cast<std::size_t>(graph[layer].groups)),
          inputs_(static_cast<std::size_t>(graph[graph[layer].inputs.front()].out.c) / groups_),
          taps_(weights.at(name_ + ".weight").size() / outputs_ / inputs_),
          magnitudes_(xt::zeros<double>({outputs_, inputs_})),
          gains_(xt::ones<double>({groups_ * inputs_})),
          divisors_(xt::ones<double>({outputs_})) {
        const float* w = weights.at(name_ + ".weight").data();
        for (double& most : magnitudes_)
            for (std::size_t t = 0; t < taps_; ++t)
                most = std::max(most, std::abs(static_cast<double>(*w++)));
    }

    void divide_output(std::size_t o, double s) { divisors_(o) *= s; }
    void multiply_input(std::size_t k, double s) { gains_(k) *= s; }

    /// max |W| by output channel.
    Vector<double> output_ranges() const {
        Vector<double> ranges(xt::zeros<double>({outputs_}));
        for (std::size_t o = 0; o < outputs_; ++o)
            for (std::size_t i = 0; i < inputs_; ++i) ranges(o) = std::max(ranges(o), range(o, i));
        return ranges;
    }

    /// max |W| by channel of the whole input.
    Vector<double> input_ranges() const {
        Vector<double> ranges(xt::zeros<double>({groups_ * inputs_}));
        for (std::size_t o = 0; o < outputs_; ++o)
            for (std::size_t i = 0; i < inputs_; ++i) {
                double& most = ranges(input(o, i));
                most = std::max(most, range(o, i));
            }
        return ranges;
    }

    void apply_to(Weights& weights) const {
        float* w = weights.at(name_ + ".weight").data();
        for (std::size_t o = 0; o < outputs_; ++o)
            for (std::size_t i = 0; i < inputs_; ++i)
                for (std::size_t t = 0; t < taps_; ++t, ++w)
                    *w = static_cast<float>(static_cast<double>(*w) * gains_(input(o, i)) / divisors_(o));
        const auto bias = weights.find(name_ + ".bias");
        if (bias == weights.end()) return;
        for (std::size_t o = 0; o < outputs_; ++o) {
            float& b = bias->second.data()[o];
            b = static_cast<float>(static_cast<double>(b) / divisors_(o));
        }
    }

  private:
    /// The channel of the whole input that number i of the inputs of output o is.
    std::size_t input(std::size_t o, std::size_t i) const { return o / (outputs_ / groups_) * inputs_ + i; }
    double range(std::size_t o, std::size_t i) const {
        return magnitudes_(o, i) * gains_(input(o, i)) / divisors_(o);
    }

    std::string name_;
    std::size_t outputs_, groups_, inputs_, taps_;
    Matrix<double> magnitudes_;  ///< max |W| over the taps
    Vector<double> gains_, divisors_;
};

class Equalizing {
  public:
    Equalizing(FoldedNetwork& network) : network_(network) {
        for (int i : network.graph.weighted_layers()) {
            layers_.emplace(i, ScaledLayer(network.graph, network.weights, i));
            if (auto readers = channel_readers(network.graph, i)) readers_.emplace(i, std::move(*readers));
        }
    }

    Equalization run() {
        Equalization done{.pairs = pairs()};
        while (done.pairs > 0 && done.rounds < Equalization::kMostRounds) {
            ++done.rounds;
            double change = 0;
            for (const auto& [layer, readers] : readers_)
                change = std::max(change, equalize_outputs(layer, readers));
            if (change <= Equalization::kTolerance) break;
        }
        for (const auto& [i, layer] : layers_) layer.apply_to(network_.weights);
        return done;
    }

  private:
    static std::set<int> layers_of(const ChannelReaders& readers) {
        std::set<int> layers;
        for (const auto& channel : readers.of)
            for (const InputChannel& in : channel) layers.insert(in.layer);
        return layers;
    }

    int pairs() const {
        std::size_t pairs = 0;
        for (const auto& [layer, readers] : readers_) pairs += layers_of(readers).size();
        return static_cast<int>(pairs);
    }

    /// The largest |s - 1|.
    double equalize_outputs(int layer, const ChannelReaders& readers) {
        const Vector<double> output = layers_.at(layer).output_ranges();
        std::map<int, Vector<double>> input;
        for (int reader : layers_of(readers)) input.emplace(reader, layers_.at(reader).input_ranges());
        double change = 0;
        for (std::size_t c = 0; c < readers.of.size(); ++c) {
            double read = 0;
            for (const InputChannel& in : readers.of[c])
                read = std::max(read, input.at(in.layer)(static_cast<std::size_t>(in.channel)));
            if (output(c) == 0 || read == 0) continue;
            const double s = std::sqrt(output(c) * read) / read;
            change = std::max(change, std::abs(s - 1));
            layers_.at(layer).divide_output(c, s);
            for (const InputChannel& in : readers.of[c])
                layers_.at(in.layer).multiply_input(static_cast<std::size_t>(in.channel), s);
        }
        return change;
    }

    FoldedNetwork& network_;
    std::map<int, ScaledLayer> layers_;      ///< by node
    std::map<int, ChannelReaders> readers_;  ///< of the layers A
};

}  // namespace

Equalization equalize(FoldedNetwork& network) {
    return Equalizing(network).run();
}

}  // namespace nibble
