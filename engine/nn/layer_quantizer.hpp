// What a quantization method does to convolutions and linear layers while a network runs in floats: "fake
// quantization", of which only the multiplications by scales are fake. Products are taken of the integer
// codes themselves, so that the sums are those of the integer kernels:
//
//   y[o] = unit[o] * sum over k of input code[k] * weight code[o, k]
//
// Backwards the codes' roundings count as identities (the straight-through estimator): the gradient of the
// input is that of the values input codes stand for, times 0, 1/2 or 1 where clipping asks for it; the
// gradient of the weights is that of the values weight codes stand for.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/core/rounding.hpp"
#include "engine/core/tensor.hpp"

namespace nibble {

/// How a layer's input becomes codes: round(clamp(x * multiplier[c], lowest, highest)), worth step[c] each.
struct InputCodes {
    std::vector<float> multipliers, steps;  ///< per channel; step = 1 / multiplier up to rounding
    float lowest = 0, highest = 0;
    Rounding rounding = Rounding::nearest_even;
    bool floored = false;  ///< clipping compares floor(t), not t, with the bounds
    float at_bounds = 1;   ///< the gradient's factor where that equals a bound
};

/// What a layer's weights [o][...] became.
struct WeightCodes {
    std::vector<float> codes;   ///< what the forward GEMM multiplies with; integers, or half-integers
    std::vector<float> values;  ///< what they stand for
    std::vector<double> units;  ///< per output
};

class LayerQuantizer {
  public:
    virtual ~LayerQuantizer() = default;

    /// Codes of the current weights, [o][i][kh][kw]; called after every update of them.
    virtual void encode(const Array<float>& weights, WeightCodes& to) const = 0;
    /// Turns the gradient of the values into that of the weights, where clipping matters.
    virtual void pass_weight_gradient(const Array<float>& /*weights*/, std::span<float> /*gradient*/) const {}

    /// Null while the input stays float.
    virtual const InputCodes* input() const = 0;
    /// True while observe() wants to see inputs.
    virtual bool observes() const { return false; }
    /// The input's values in one image of a training batch, [pixels][channels]. Called from worker threads,
    /// for one slot by one of them.
    virtual void observe(int /*slot*/, std::span<const float> /*values*/) {}
};

/// All layers of a network that a method quantizes, and what it remembers while training.
class NetworkQuantizer {
  public:
    virtual ~NetworkQuantizer() = default;

    /// Null for a layer that stays float.
    virtual LayerQuantizer* layer(const std::string& name) = 0;
    /// A batch, or a part of it, of so many images went forward and backward.
    virtual void finish_part(int images) = 0;
    /// After the training step number `steps` (from 1), before the weights are encoded again.
    virtual void finish_step(std::size_t steps) = 0;
    /// What a checkpoint must hold besides the weights. set_state() takes only what state() gave to an object
    /// of the same configuration; throws BadInput otherwise.
    virtual std::map<std::string, Array<float>> state() const = 0;
    virtual void set_state(const std::map<std::string, Array<float>>& state) = 0;
    /// Names the configuration: checkpoints of another are refused.
    virtual std::string identity() const = 0;
};

}  // namespace nibble
