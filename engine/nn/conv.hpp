// Convolution and fully connected layers (a 1x1 convolution of a 1x1 image), forwards and backwards, as
// implicit matrix products over operand buffers: no im2col.
//
// with stride s and padding p (window.hpp), which may differ for rows and columns,
//
//   y[oh, ow, o]       = sum over kh, kw, i of x[oh s + kh - p, ow s + kw - p, i] W[o, i, kh, kw]  (+ b[o])
//   dx[ih, iw, i]      = sum over kh, kw, o of dy[(ih + p - kh) / s, (iw + p - kw) / s, o] W[o, i, kh, kw]
//   dW[o, i, kh, kw]   = sum over images, oh, ow of x[oh s + kh - p, ow s + kw - p, i] dy[oh, ow, o]
//
// dx is a convolution too: input positions of equal (ih mod s, iw mod s) see the same kernel taps, so each of
// these s x s phases is one product over dy, its k ordered by increasing row, column and channel of dy.
#pragma once

#include <string>
#include <vector>

#include "engine/kernels/packing.hpp"
#include "engine/nn/activation_source.hpp"
#include "engine/nn/operand.hpp"
#include "engine/nn/taps.hpp"

namespace nibble {

class ConvUnit : public ActivationSource {
  public:
    struct Options {
        std::string name;
        Window window;
        bool bias = false;
        bool logits = false;  ///< the network's output: kept in float whatever the numerics
    };
    ConvUnit(const Context& context, Edge input, Dims dims, const Options& options);

    /// Packs the current weights; call after they change.
    void pack();
    std::vector<Edge*> inputs() override { return {&input_}; }
    void forward(int slot, Scratch& scratch) override;
    void backward(int slot, Scratch& scratch) override;
    void finish_backward(int images) override;
    kernels::Normalize view(int slot) const override;

    const float* floats(int slot) const override;
    /// Sums of codes are stored as they are where batch norm follows, which scales anyway, unless a bias comes
    /// in between.
    double unit(int channel) const override { return stores_sums() ? codes_.units[channel] : 1.0; }

  private:
    /// One phase of the gradient of the input.
    struct Phase {
        GradientPhase rows, cols;
        kernels::PackedWeights weights;
        std::vector<Stretch> row_stretches;  ///< of its rows
        std::vector<kernels::Area> areas;
    };

    void plan_phases();
    bool stores_sums() const;
    /// The layer's input as floats, and as the operand of its product: codes where it is quantized.
    const float* input_values(int slot, Scratch& scratch) const;
    const void* operand(int slot, const float* values, Scratch& scratch) const;
    /// In f32, pixels go by areas; bf16 sums have blocks of terms, none of which is left out.
    void product(kernels::Product q, const std::vector<kernels::Area>& areas) const;
    void split_product(const kernels::Product& q) const;
    void add_bias(float* out) const;
    void input_gradient(const void* dy, float* dx) const;
    void weight_gradient(const void* x, const void* dy, float* gradient) const;
    void add_bias_gradient(int slot, float* sums) const;
    std::size_t chunk_gradient_size() const;

    Edge input_;
    Dims in_;
    Options options_;
    LayerQuantizer* quantizer_ = nullptr;
    const InputCodes* input_codes_ = nullptr;  ///< null: the input stays float
    WeightCodes codes_;
    bool float_sums_are_exact_ = true;
    Border x_border_, dy_border_;
    kernels::PackedWeights weights_;
    std::vector<Stretch> rows_;
    std::vector<kernels::Area> areas_;
    std::vector<Phase> phases_;
    Buffer output_;
    std::vector<float> chunk_gradients_;  ///< [chunk][kh][kw][i][o, padded to panels], then [o] for the bias
};

}  // namespace nibble
