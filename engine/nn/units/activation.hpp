// a = clamp(bn?(y) + r?): batch norm (Ioffe and Szegedy 2015), residual addition and clamp in one pass over
// the output y of a convolution or of any other unit.
//
//   training:    scale = gamma / sqrt(var + eps), shift = beta - mean * scale, over the batch and all pixels
//   evaluation:  the same with the running mean and variance
//   a = clamp(scale * y + shift + r)
//
// Backwards, with g the gradient of a where a lies between the bounds, n values per channel and x^ = (y - mean) / sqrt(var +
// eps):
//   d beta = sum g,  d gamma = sum g x^,  d r = g
//   d y = scale * (g - d beta / n - x^ * d gamma / n)
//
// The output is stored only if somebody other than one convolution reads it; that one computes it when it
// reads.
#pragma once

#include <string>
#include <vector>

#include "engine/nn/units/unit.hpp"

namespace nibble {

/// What an activation finishes: the output of a convolution, or of any other unit.
class ActivationSource : public Unit {
  public:
    using Unit::Unit;

    void set_activation(ActivationUnit* activation) { activation_ = activation; }
    ActivationUnit* activation() const override { return activation_; }
    /// What the stored output must be multiplied with to be the value.
    virtual double unit(int /*channel*/) const { return 1.0; }
    /// Batch statistics.
    void finish_forward(int images) override;

  protected:
    /// A batch norm follows.
    bool is_normalized() const;
    /// For that batch norm, in training; to be called when the output of `slot` is stored.
    void take_statistics(int slot) const;
    kernels::NormalizeBackward output_gradient(int slot) const;

  private:
    ActivationUnit* activation_ = nullptr;
};

class ActivationUnit : public Unit {
  public:
    struct Options {
        std::string norm;  ///< name of the batch-norm parameters; empty: none
        float eps = 1e-5f;
        Clamp clamp{};
        bool stored = true;
        Edge residual{};  ///< from = null: none
        int shortcut_stride = 0;
    };
    ActivationUnit(const Context& context, ActivationSource& source, const Options& options);

    void forward(int slot, Scratch& scratch) override;
    void backward(int, Scratch&) override {}  // receive() did it; the source reads source_gradient()
    kernels::Normalize view(int slot) const override;
    void receive(const Edge& edge, int slot, const float* incoming, Scratch& scratch) override;

    bool normalizes() const { return !options_.norm.empty(); }
    /// Per-channel sums of y and y^2 of one image, [2][c], to be filled by whoever computes y.
    double* statistics(int slot) { return sums_.data() + static_cast<std::size_t>(slot) * 2 * dims_.c; }
    /// Scale and shift from the sums of `images` images; moves the running statistics 0.1 of the way.
    void finish_statistics(int images);
    /// Scale and shift from the running statistics.
    void use_running_statistics();
    /// Gradients of gamma and beta, and the coefficients of d y, once every image's g is complete.
    void finish_gradient(int images);
    /// How to compute the gradient of y.
    kernels::NormalizeBackward source_gradient(int slot) const;
    Edge& residual() { return options_.residual; }
    const Unit& source() const { return source_; }

  protected:
    kernels::MaskGradient rule(int slot) const override;

  private:
    float* parameter(Weights& from, const char* suffix) const;
    /// The source stores y / unit.
    double unit(int channel) const { return source_.unit(channel); }
    void set_scale(int channel, double mean, double variance);

    ActivationSource& source_;
    Options options_;
    Buffer values_;
    std::vector<float> scale_, shift_;           ///< forwards, of what the source stores
    std::vector<float> by_g_, by_y_, constant_;  ///< backwards; by_g_ is the scale of y
    std::vector<double> mean_, inverse_deviation_;
    mutable std::vector<double> sums_;  ///< [slot][2][c]: forward of y and y^2, backward of g and g * y
};

}  // namespace nibble
