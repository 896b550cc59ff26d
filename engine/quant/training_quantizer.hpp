// What a method that quantizes while a network is trained offers beside the training itself: the network it
// made, to be run.
#pragma once

#include "engine/nn/layer_quantizer.hpp"
#include "engine/quant/quantized.hpp"

namespace nibble {

class TrainingQuantizer : public NetworkQuantizer {
  public:
    /// True when everything that is to be quantized is.
    virtual bool complete() const = 0;
    /// Everything quantized as it is now, to be lowered to integers. Throws Unsupported while it is not
    /// complete, and for methods whose codes do not run as integers. Executed as integers it computes what
    /// training did, bit for bit, but where a layer has a bias before batch norm: integers fold the two and
    /// round once, training rounds after each. (Batch norm takes such a bias away again; no network of models/
    /// has one.)
    virtual Quantization quantization(const Weights& weights) const = 0;
    /// Weights with their codes' values in them, the rest as it is: what a network computes with whose
    /// activations stay float.
    virtual Weights rounded(const Weights& weights) const = 0;
};

}  // namespace nibble
