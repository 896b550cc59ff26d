// The settings of ternary weights in groups, and how they are written.
//
//     g4a8          groups of 4, activations in 8 bits, first convolution in 8 bits: the paper's "8a-2w"
//     g64a4         groups of 64, activations in 4 bits
//     g4            weights only: activations stay float
//     g4a8-twn      thresholds by the rule of TWN    -exp: by the exponential model (ternarize.hpp)
//     g4a8-t        the first convolution ternary, too
//     g4a4-emax     exponents of activations reach the maximum (activations.hpp)
//     g4a8-plainbn  batch norm re-estimated on images that are not augmented, see Norms
//     g4a8-matchbn  batch norm matched to the float network's statistics, see Norms
//     g4a8-oldbn    batch norm keeps the statistics of the float network
//
// and, to compare with,
//
//     f32           nothing quantized: the network as it came
//     w4a8          in place of groups uniform codes of 4 bits, one scale per output channel, of least
//                   squared error (engine/quant/mmse/weights.hpp)
#pragma once

#include <string>

#include "engine/quant/bits.hpp"
#include "engine/quant/fgq/activations.hpp"
#include "engine/quant/fgq/ternarize.hpp"

namespace nibble::fgq {

/// Where batch norm's statistics come from (engine/quant/corrections/batch_norm.hpp).
enum class Norms {
    estimated,  ///< from the quantized network on images augmented as in training: the paper's form
    plain,      ///< the same on images as they are. Training saw other ones, so even a float network is moved
    matched,  ///< so that each layer has the mean and deviation of the float network's on the same plain images
    old       ///< from training
};

struct Method {
    int group = 0;            ///< N, 2 to 4096; 0: weights are uniform, or float
    int weight_bits = 0;      ///< of uniform weights, 2 to 8
    int activation_bits = 0;  ///< 2 to 8; 0: activations stay float
    Rule rule = Rule::exact;
    bool ternary_first = false;
    Exponents exponents = Exponents::least_error;  ///< only with activation_bits
    Norms norms = Norms::estimated;

    bool quantizes() const { return group > 0 || weight_bits > 0; }
    friend bool operator==(const Method&, const Method&) = default;
};

/// Activations that stay float count as bfloat16, in which such networks are trained.
NetworkBits bits_of(const Method& method);

std::string to_string(const Method& method);
/// The inverse. Throws BadInput for anything that to_string() would not write, and for settings that do not
/// go together.
Method method_from(const std::string& text);

}  // namespace nibble::fgq
