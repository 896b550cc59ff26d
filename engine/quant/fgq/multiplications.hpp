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
//
// From it follows the only speed in the paper, a model: additions 16 times, the multiplications that are left
// 4 times as fast as f32,
//
//     speed = 1 / ((1 - 1/N) / 16 + (1/N) / 4) = 16 N / (N + 3)
//
// which gives both of its figures, 9 at N = 4 and 15 at N = 64 (our reconstruction).
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

constexpr double eliminated_by_law(int group) {
    return 1 - 1.0 / group;
}
constexpr double speed_by_model(int group) {
    return 16.0 * group / (group + 3);
}

/// Layers without quantized weights leave all of theirs.
Multiplications multiplications_of(const Graph& graph, const std::map<std::string, QuantizedWeights>& layers);

/// By shape alone: every layer but the first in groups of `group`.
enum class Counted {
    ternary_layers,  ///< without the first
    all_layers       ///< the first one leaves all of its own
};
Multiplications multiplications_of(const Graph& graph, int group, Counted counted);

}  // namespace nibble::fgq
