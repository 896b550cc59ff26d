#include "engine/quant/fgq/method.hpp"

#include <optional>
#include <string_view>

#include "engine/core/error.hpp"
#include "engine/core/spelling.hpp"

namespace nibble::fgq {
namespace {

constexpr int kMaxGroup = 4096;

struct NormWord {
    Norms norms;
    std::string_view word;
};
constexpr NormWord kNormWords[] = {
    {Norms::plain, "-plainbn"}, {Norms::matched, "-matchbn"}, {Norms::old, "-oldbn"}};

std::optional<int> take_bits(std::string_view& text, int highest) {
    const auto bits = take_number<int>(text);
    return bits && *bits >= 2 && *bits <= highest ? bits : std::nullopt;
}

std::optional<Method> parse(std::string_view text) {
    Method m;
    const bool grouped = take(text, "g");
    if (!grouped && !take(text, "w")) return {};
    const auto weights = take_bits(text, grouped ? kMaxGroup : 8);
    if (!weights) return {};
    (grouped ? m.group : m.weight_bits) = *weights;
    if (take(text, "a")) {
        const auto bits = take_bits(text, 8);
        if (!bits) return {};
        m.activation_bits = *bits;
    }
    if (grouped && take(text, "-twn"))
        m.rule = Rule::twn;
    else if (grouped && take(text, "-exp"))
        m.rule = Rule::exponential;
    m.ternary_first = grouped && take(text, "-t");
    if (m.activation_bits > 0 && take(text, "-emax")) m.exponents = Exponents::maximum;
    for (const auto& [norms, word] : kNormWords)
        if (take(text, word)) {
            m.norms = norms;
            break;
        }
    return text.empty() ? std::optional(m) : std::nullopt;
}

}  // namespace

NetworkBits bits_of(const Method& method) {
    constexpr int kFloatBits = 16;
    const int activations = method.activation_bits > 0 ? method.activation_bits : kFloatBits;
    const OperandBits inner{method.group > 0 ? 2 : method.weight_bits, activations};
    const OperandBits first{method.ternary_first ? inner.weights : 8,
                            method.activation_bits > 0 ? 8 : kFloatBits};
    return {first, inner, inner};
}

std::string to_string(const Method& m) {
    if (!m.quantizes()) return "f32";
    std::string text = m.group > 0 ? "g" + std::to_string(m.group) : "w" + std::to_string(m.weight_bits);
    if (m.activation_bits > 0) text += "a" + std::to_string(m.activation_bits);
    if (m.rule == Rule::twn) text += "-twn";
    if (m.rule == Rule::exponential) text += "-exp";
    if (m.ternary_first) text += "-t";
    if (m.exponents == Exponents::maximum) text += "-emax";
    for (const auto& [norms, word] : kNormWords)
        if (m.norms == norms) text += word;
    return text;
}

Method method_from(const std::string& text) {
    const auto method = text == "f32" ? Method{} : parse(text);
    if (!method)
        throw BadInput(
            "fgq", "method",
            "f32, or g<group> or w<bits>, a<bits> unless activations stay float, of groups -twn or "
            "-exp and -t, then -emax, then -plainbn, -matchbn or -oldbn, as in g4a8, g64a4, g4, w4a8, "
            "g4a8-twn, "
            "g4a8-t-oldbn",
            "'" + text + "'");
    return *method;
}

}  // namespace nibble::fgq
