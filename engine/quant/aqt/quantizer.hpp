// Quantization-aware training as in "Pareto-Optimal Quantized ResNet Is Mostly 4-bit": every convolution and
// linear layer quantizes its weights (weights.hpp) from the first step on and its input (bounds.hpp) once its
// bounds are set, at a fixed part of training, never to change again. In floats stay: batch norm, residual
// additions, poolings, gradients, and the weights that the optimizer changes.
//
// The input, with b its bound and p its bits:
//
//   where it cannot be negative   s = 2^p / (b + eps),          code = clip(floor(x s), 0, 2^p - 1)
//   elsewhere                     s = (2^(p-1) - 1) / (b + eps), code = floor(clip(x s, -Q, Q) + 0.5)
//   x^ = code / s
//
// The gradient passes where nothing is clipped; where floor(x s) is 0 or 2^p - 1 half of it does, as
// automatic differentiation of a minimum and a maximum has it at ties.
//
// With a bound per input channel i the product would need a scale inside its sum. Like the paper's integer
// products, ours take it into the weights first ("folding"): W'_i = W_i / s_i is what is quantized. Channels of
// small bounds then have small weights, for which the few levels of an output channel are coarse. The paper's
// simulated convolutions quantize W itself, which no integer product can execute:
//
//   folded     y_o = 1/s'_o sum_i q(W_oi / s_i) code_i             one scale an output, executed as integers
//   unfolded   y_o = 1/s_o sum_i (q(W_oi) / s_i) code_i            simulation only; q(W_oi) / s_i in bfloat16
#pragma once

#include <memory>
#include <vector>

#include "engine/nn/graph.hpp"
#include "engine/quant/aqt/method.hpp"
#include "engine/quant/training_quantizer.hpp"

namespace nibble::aqt {

class Layer : public LayerQuantizer {
  public:
    struct Options {
        WeightGrid weights;
        int input_bits = 4;  ///< 0: stays float
        bool non_negative = true;
        Granularity bounds = Granularity::channel;
        bool unfolded = false;
        BoundRule rule;
        int channels = 1;  ///< of the input
        int groups = 1;    ///< of the convolution
        int slots = 0;     ///< images of a part of a batch; 0: not training
    };
    explicit Layer(const Options& options);

    void encode(const Array<float>& weights, WeightCodes& to) const override;
    void pass_weight_gradient(const Array<float>& weights, std::span<float> gradient) const override;
    const InputCodes* input() const override { return codes_ ? codes_.get() : nullptr; }
    bool observes() const override;
    void observe(int slot, std::span<const float> values) override { statistics_.observe(slot, values); }

    InputStatistics& statistics() { return statistics_; }
    /// Per channel or one; empty until they are set.
    const Vector<float>& bounds() const { return bounds_; }
    void set_bounds(Vector<float> bounds);

    /// How the input is quantized, for integer execution. Only with bounds set.
    Quantizer quantizer() const;
    /// The weights, for integer execution. Throws Unsupported for codes that are no integers of 2 to 8 bits.
    QuantizedWeights quantized(const Array<float>& weights) const;

  private:
    bool by_channel() const { return codes_ && options_.bounds == Granularity::channel; }
    bool folds_steps() const { return by_channel() && !options_.unfolded; }
    /// The weights of an output channel.
    struct Channel {
        std::size_t output = 0, first = 0;  ///< its number, and that of its first weight
        Vector<float> weights;              ///< with the inputs' steps in them where these are folded
        float multiplier = 0;               ///< s_o
        /// Of the input channel that each weight multiplies, where inputs have bounds per channel.
        Vector<float> input_steps, input_multipliers;
    };
    /// Calls visit(channel) for every output channel.
    template <class Visit>
    void for_channels(const Array<float>& weights, Visit visit) const;
    /// Numbers of input channels: those of a group, each repeated for all weights that multiply it, `size` in all.
    Vector<float> by_weight(const std::vector<float>& inputs, std::size_t group, std::size_t size) const;

    Options options_;
    InputStatistics statistics_;
    Vector<float> bounds_;
    std::unique_ptr<InputCodes> codes_;
};

class NetworkLayers : public TrainingQuantizer {
  public:
    /// All layers of the graph, which must outlive it; `slots` images in a part of a batch, `steps` of training in
    /// all (both 0: not training).
    NetworkLayers(const Graph& graph, const Method& method, int slots, std::size_t steps);

    LayerQuantizer* layer(const std::string& name) override;
    void finish_part(int images) override;
    void finish_step(std::size_t steps) override;
    /// "<layer>.input_statistics" [4][bounds] and, once set, "<layer>.input_bounds".
    std::map<std::string, Array<float>> state() const override;
    void set_state(const std::map<std::string, Array<float>>& state) override;
    std::string identity() const override;

    /// Once bounds are set.
    bool complete() const override;
    Quantization quantization(const Weights& weights) const override;
    Weights rounded(const Weights& weights) const override;

  private:
    std::vector<Layer*> observing() const;
    void set_bounds();

    const Graph& graph_;
    Method method_;
    std::size_t start_;  ///< the step before which bounds are set, unless they are from the beginning
    std::map<std::string, std::unique_ptr<Layer>> layers_;
};

}  // namespace nibble::aqt
