// What ternarization did to the weights of a network, over all its ternary layers.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "engine/quant/quantized.hpp"

namespace nibble::fgq {

struct Statistics {
    std::size_t weights = 0, groups = 0;
    /// ||W - W^||^2 / ||W||^2 of each layer, mean over the layers by their weights; so that of no layer the
    /// scale matters.
    double error = 0;
    double density = 0;  ///< the share of weights that are not 0
    /// Groups for which thresholds of their own for positive and negative weights give a smaller error than
    /// one threshold, by more than rounding: by 1e-12 of ||W||^2.
    std::size_t helped_by_two_thresholds = 0;
};

/// Of the layers that are ternary in groups. `weights` are the float ones.
Statistics statistics_of(const Weights& weights, const std::map<std::string, QuantizedWeights>& layers);

}  // namespace nibble::fgq
