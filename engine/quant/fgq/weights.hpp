// Ternary weights in groups: N consecutive input channels of one output channel, at the same position of the
// window, share a scale (Mellempudi et al., arXiv 1705.01462). A filter bank [K][C][R][S] has K ceil(C / N) R
// S groups, each solved alone (ternarize.hpp), since the squared error is a sum over groups. Where N does not
// divide C the last group of a position is smaller: a layer of 16 channels has groups of 16 at N = 64.
//
// Group scales become 8-bit fixed point. The kernels multiply codes by them in signed bytes, so the sign
// takes one of the 8 bits:
//
//     alpha_g ~ m_g s_o,   s_o = max over the groups of output channel o of alpha_g / 127,
//     m_g = alpha_g / s_o rounded to nearest, ties to even; a group for which that is 0 gets codes of 0
//
// The paper's 8-bit scales are shared fixed point of a whole layer; a step of its own for each output channel
// is at least as exact, and free, since every output is scaled after its sum anyway.
#pragma once

#include <functional>

#include "engine/quant/fgq/ternarize.hpp"
#include "engine/quant/quantized.hpp"

namespace nibble::fgq {

/// Scheme t-gN of [out][in] or [out][in][kh][kw]; group N >= 2. Throws BadInput for others and for values
/// that are not finite.
QuantizedWeights ternary_weights(const Array<float>& weights, int group, Rule rule = Rule::exact);

/// Calls visit(weights) for the weights of each group, in the order of QuantizedWeights::multipliers.
void for_each_group(const Array<float>& weights, int group,
                    const std::function<void(std::span<const float>)>& visit);

/// The share of codes that are not 0.
double density(const QuantizedWeights& weights);

}  // namespace nibble::fgq
