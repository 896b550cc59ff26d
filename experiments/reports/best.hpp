// The best of each network: of all methods that quantize it after training and run as integers, the most accurate
// at each width of its inner layers (the first and the last layer often keep 8 bits).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "experiments/reports/report.hpp"

namespace nibble {

struct Best {
    std::string network;
    /// Of the inner layer with the most multiplications; ternary weights have 2.
    int weight_bits, activation_bits;
    std::string method;     ///< with its experiment, "mmse w4a8e8-gptq"
    std::size_t methods;    ///< of how many it is the best
    double of_float, top1;  ///< in %; top1 is the mean over the method's draws
    const Result* first;    ///< of these draws

    double change() const { return top1 - of_float; }
};

/// Network by network, wide ones first. Left out: widths of one method alone, networks without a float result. Refers
/// to the results in `experiments`.
std::vector<Best> best_of_networks(const std::vector<Overview>& experiments);

/// What the tables and the plot show, in words.
inline constexpr const char* kBestExplained =
    "Of the networks quantized after training and executed as integers, by the bits of their inner layers: "
    "the method with the highest mean top-1 over its draws. It is chosen on the test images, so the more "
    "methods, the more it flatters. Signal to quantization noise of its worst layer, of the weights and of "
    "what a layer reads, first draw.";

/// With the signal to noise of the worst layers.
Table best_table(const std::vector<Best>& best);
/// For print: 8 bits, 4-bit weights, 4 bits.
Table best_for_print(const std::vector<Best>& best);
/// The points that each network loses, width by width.
Plot best_plot(const std::string& profile, const std::vector<Best>& best);

}  // namespace nibble
