#include "engine/quant/fgq/method.hpp"

#include <optional>
#include <string_view>

#include "engine/core/error.hpp"
#include "engine/core/spelling.hpp"

namespace nibble::fgq {
namespace {

constexpr int kMaxGroup = 4096;

std::optional<Method> parse(std::string_view text) {
    Method m;
    if (!take(text, "g")) return {};
    const auto group = take_number<int>(text);
    if (!group || *group < 2 || *group > kMaxGroup) return {};
    m.group = *group;
    m.activation_bits = 0;
    if (take(text, "a")) {
        const auto bits = take_number<int>(text);
        if (!bits || *bits < 2 || *bits > 8) return {};
        m.activation_bits = *bits;
    }
    if (take(text, "-twn"))
        m.rule = Rule::twn;
    else if (take(text, "-exp"))
        m.rule = Rule::exponential;
    m.ternary_first = take(text, "-t");
    return text.empty() ? std::optional(m) : std::nullopt;
}

}  // namespace

std::string to_string(const Method& m) {
    std::string text = "g" + std::to_string(m.group);
    if (m.activation_bits > 0) text += "a" + std::to_string(m.activation_bits);
    if (m.rule == Rule::twn) text += "-twn";
    if (m.rule == Rule::exponential) text += "-exp";
    if (m.ternary_first) text += "-t";
    return text;
}

Method method_from(const std::string& text) {
    const auto method = parse(text);
    if (!method)
        throw BadInput("fgq", "method",
                       "g<group>, then a<bits> unless activations stay float, then -twn or -exp and -t: "
                       "g4a8, g64a4, g4, g4a8-twn, g4a8-t",
                       "'" + text + "'");
    return *method;
}

}  // namespace nibble::fgq
