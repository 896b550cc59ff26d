// The settings of quantization-aware training as in "Pareto-Optimal Quantized ResNet Is Mostly 4-bit", and
// how they are written.
//
//     w8a8            weights and activations of every layer in 8 bits
//     w4a4e8          4 bits, but 8 in the first and the last layer
//     w4a4f8          4 bits, but 8 in the first layer
//     w4e8            weights only
//     w2e8-hs         ... with half shift
//     w4a4e8-pt        one activation bound per tensor instead of one per channel
//     w4a4e8-unfolded  bounds per channel, but weights quantized without their steps: simulation only
//     w4a4e8-abs       bounds 3 mean |x|       -mix50: half of it from the root mean square
//     w4a4e8-fixed6    bounds 6.0, from the first step on
//     w4a4e8-start50   activations quantized from 50 % of training on instead of 19 %
#pragma once

#include <string>

#include "engine/quant/aqt/bounds.hpp"
#include "engine/quant/aqt/weights.hpp"
#include "engine/quant/bits.hpp"
#include "engine/quant/scheme.hpp"

namespace nibble::aqt {

struct Method {
    enum class Ends { same, first_8, both_8 };

    int weight_bits = 4;
    int activation_bits = 4;  ///< 0: activations stay float
    Ends ends = Ends::both_8;
    bool half_shift = false;
    Granularity bounds = Granularity::channel;  ///< or tensor
    bool unfolded = false;                      ///< with bounds per channel (quantizer.hpp)
    BoundRule rule;
    int start_percent = 19;  ///< of the training steps; until then activations are float
    friend bool operator==(const Method&, const Method&) = default;
};

/// The start where no other is written: 19 %, and 0 for fixed bounds, which need no statistics.
int usual_start_percent(const BoundRule& rule);

/// Activations that stay float count as bfloat16, in which such networks are trained.
NetworkBits bits_of(const Method& method);

std::string to_string(const Method& method);
/// The inverse. Throws BadInput for anything that to_string() would not write.
Method method_from(const std::string& text);

}  // namespace nibble::aqt
