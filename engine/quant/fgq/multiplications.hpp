// How many multiplications a network's products need when signs are applied by adding and subtracting: one
// for each group of N ternary weights and output pixel, of the group's signed sum of activations by its
// scale. Of N multiplications 1 is left, so the share that is gone is the paper's law
//
//     eliminated = 1 - 1 / N
//
// in layers whose channels N divides. Smaller groups leave more, and a layer that is not ternary leaves all
// of its own. One multiplication per output, by the step of its channel, is left to every kind of weights and
// not counted.
//
// This counts what the scheme needs, not what a processor does: instructions that multiply bytes take a
// ternary weight times its group's multiplier as one byte, and multiply each.
#pragma once

#include <cstdint>

#include "engine/quant/quantized.hpp"

namespace nibble::fgq {

/// For one image.
struct Multiplications {
    std::uint64_t all = 0;   ///< of the float network's convolutions and linear layers
    std::uint64_t left = 0;  ///< of them
    double eliminated() const {
        return all > 0 ? 1 - static_cast<double>(left) / static_cast<double>(all) : 0;
    }
};

/// Layers without quantized weights leave all of theirs.
Multiplications multiplications_of(const Graph& graph, const std::map<std::string, QuantizedWeights>& layers);

}  // namespace nibble::fgq
