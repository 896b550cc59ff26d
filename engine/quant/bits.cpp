#include "engine/quant/bits.hpp"

#include <optional>
#include <string_view>

#include "engine/core/error.hpp"
#include "engine/core/spelling.hpp"

namespace nibble {
namespace {

constexpr OperandBits kF32{32, 32}, kBf16{16, 16};
constexpr int kEndBits = 8;  // of e8

NetworkBits everywhere(OperandBits bits) {
    return {bits, bits, bits};
}

bool is_quantized(int bits) {
    return bits >= 1 && bits <= 8;
}

/// Takes the letter and the bits after it.
std::optional<int> take_bits(std::string_view& text, std::string_view letter) {
    if (!take(text, letter)) return {};
    const auto bits = take_number<int>(text);
    return bits && (is_quantized(*bits) || *bits == 16) ? bits : std::nullopt;
}

/// w<bits>a<bits>[e8]; nothing else.
std::optional<NetworkBits> parse(std::string_view text) {
    const auto weights = take_bits(text, "w");
    const auto activations = weights ? take_bits(text, "a") : std::nullopt;
    if (!activations) return {};
    NetworkBits bits = everywhere({*weights, *activations});
    if (bits.inner == kBf16) return {};
    if (take(text, "e8")) {
        const auto at_end = [](int inner) { return is_quantized(inner) ? kEndBits : inner; };
        bits.first = bits.last = {at_end(*weights), at_end(*activations)};
        if (bits.first == bits.inner) return {};
    }
    return text.empty() ? std::optional(bits) : std::nullopt;
}

}  // namespace

std::string to_string(const OperandBits& bits) {
    if (bits == kF32) return "f32";
    if (bits == kBf16) return "bf16";
    return "w" + std::to_string(bits.weights) + "a" + std::to_string(bits.activations);
}

NetworkBits network_bits_from(const std::string& text) {
    if (text == "f32") return everywhere(kF32);
    if (text == "bf16") return everywhere(kBf16);
    const auto bits = parse(text);
    if (!bits)
        throw BadInput("bits", "name",
                       "f32, bf16, or w<bits>a<bits> of 1 to 8 or 16 bits, followed by e8 for 8 bits in the "
                       "first and last layer, as w4a4e8",
                       "'" + text + "'");
    return *bits;
}

NetworkBits network_bits_of(Numerics numerics) {
    return everywhere(numerics == Numerics::f32 ? kF32 : kBf16);
}

BitsByLayer bits_by_layer(const Graph& graph, const NetworkBits& bits) {
    const std::vector<int> layers = graph.weighted_layers();
    BitsByLayer by_layer;
    for (int layer : layers)
        by_layer[graph[layer].name] = layer == layers.front()  ? bits.first
                                      : layer == layers.back() ? bits.last
                                                               : bits.inner;
    return by_layer;
}

BitsByLayer bits_by_layer(const Graph& graph, const Quantization& quantization, int float_bits) {
    BitsByLayer by_layer;
    for (int layer : graph.weighted_layers()) {
        const auto weights = quantization.layers.find(graph[layer].name);
        const auto activations = quantization.edges.find({layer, 0});
        by_layer[graph[layer].name] = {
            weights == quantization.layers.end() ? float_bits : weights->second.scheme.bits,
            activations == quantization.edges.end() ? float_bits : activations->second.scheme.bits};
    }
    return by_layer;
}

}  // namespace nibble
