// The settings of ternary weights in groups, and how they are written.
//
//     g4a8          groups of 4, activations in 8 bits, first convolution in 8 bits: the paper's "8a-2w"
//     g64a4         groups of 64, 4 bits
//     g4            weights only: activations stay float
//     g4a8-t        the first convolution ternary, too
//     g4a8-twn      thresholds by the rule of TWN    -exp: by the exponential model (ternarize.hpp)
#pragma once

#include <string>

#include "engine/quant/fgq/ternarize.hpp"

namespace nibble::fgq {

struct Method {
    int group = 4;            ///< N, 2 to 4096
    int activation_bits = 8;  ///< 2 to 8; 0: activations stay float
    bool ternary_first = false;
    Rule rule = Rule::exact;
    friend bool operator==(const Method&, const Method&) = default;
};

std::string to_string(const Method& method);
/// The inverse. Throws BadInput for anything that to_string() would not write.
Method method_from(const std::string& text);

}  // namespace nibble::fgq
