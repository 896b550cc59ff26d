#include "engine/quant/aqt/method.hpp"

#include <cmath>
#include <optional>
#include <string_view>

#include "engine/core/error.hpp"
#include "engine/core/spelling.hpp"

namespace nibble::aqt {

int usual_start_percent(const BoundRule& rule) {
    return rule.kind == BoundRule::Kind::fixed ? 0 : Method{}.start_percent;
}

NetworkBits bits_of(const Method& m) {
    const bool weights_only = m.activation_bits == 0;
    const OperandBits inner{m.weight_bits, weights_only ? 16 : m.activation_bits};
    const OperandBits end{8, weights_only ? 16 : 8};
    const bool first_8 = m.ends != Method::Ends::same, last_8 = m.ends == Method::Ends::both_8;
    return {first_8 ? end : inner, inner, last_8 ? end : inner};
}

std::string to_string(const Method& m) {
    std::string text = "w" + std::to_string(m.weight_bits);
    if (m.activation_bits > 0) text += "a" + std::to_string(m.activation_bits);
    if (m.ends == Method::Ends::first_8) text += "f8";
    if (m.ends == Method::Ends::both_8) text += "e8";
    if (m.half_shift) text += "-hs";
    if (m.bounds == Granularity::tensor) text += "-pt";
    if (m.unfolded) text += "-unfolded";
    const auto whole = [](float value) { return std::to_string(static_cast<int>(std::lround(value))); };
    switch (m.rule.kind) {
        case BoundRule::Kind::mean_of_max:
            break;
        case BoundRule::Kind::mean_abs:
            text += "-abs";
            break;
        case BoundRule::Kind::mix:
            text += "-mix" + whole(100 * m.rule.value);
            break;
        case BoundRule::Kind::fixed:
            text += "-fixed" + whole(m.rule.value);
            break;
    }
    if (m.start_percent != usual_start_percent(m.rule)) text += "-start" + std::to_string(m.start_percent);
    return text;
}

Method method_from(const std::string& text) {
    const auto refuse = [&] {
        return BadInput("quantization-aware training", "method",
                        "for example w8a8, w4a4e8, w4a4 or w4a4e8-pt", "'" + text + "'");
    };
    Method m;
    m.ends = Method::Ends::same;
    m.activation_bits = 0;
    std::string_view rest = text;
    const auto number = [&](int least, int most) {
        const int value = take_number<int>(rest).value_or(-1);
        if (value < least || value > most) throw refuse();
        return value;
    };
    if (!take(rest, "w")) throw refuse();
    m.weight_bits = number(1, 8);
    if (take(rest, "a")) m.activation_bits = number(2, 8);
    if (take(rest, "e8"))
        m.ends = Method::Ends::both_8;
    else if (take(rest, "f8"))
        m.ends = Method::Ends::first_8;
    std::optional<int> start;
    while (take(rest, "-")) {
        if (take(rest, "hs")) {
            m.half_shift = true;
        } else if (take(rest, "pt")) {
            m.bounds = Granularity::tensor;
        } else if (take(rest, "unfolded")) {
            m.unfolded = true;
        } else if (take(rest, "abs")) {
            m.rule = {BoundRule::Kind::mean_abs, 0};
        } else if (take(rest, "mix")) {
            m.rule = {BoundRule::Kind::mix, static_cast<float>(number(0, 100)) / 100.0f};
        } else if (take(rest, "fixed")) {
            m.rule = {BoundRule::Kind::fixed, static_cast<float>(number(1, 999))};
        } else if (take(rest, "start")) {
            start = number(0, 100);
        } else {
            throw refuse();
        }
    }
    m.start_percent = start.value_or(usual_start_percent(m.rule));
    if (m.unfolded && (m.bounds == Granularity::tensor || m.activation_bits == 0)) throw refuse();
    // One way to write each method: repeated, reordered and default settings are refused, too.
    if (!rest.empty() || to_string(m) != text) throw refuse();
    return m;
}

}  // namespace nibble::aqt
