#include "engine/quant/aqt/method.hpp"

#include <cmath>
#include <optional>

#include "engine/core/error.hpp"

namespace nibble::aqt {
namespace {

/// Takes words and numbers off the front of a text.
class Reader {
  public:
    explicit Reader(std::string_view text) : text_(text) {}

    bool take(std::string_view word) {
        if (!text_.starts_with(word)) return false;
        text_.remove_prefix(word.size());
        return true;
    }
    /// At most three digits; nothing where there are none.
    std::optional<int> number() {
        int value = 0, digits = 0;
        for (; digits < 3 && !text_.empty() && text_[0] >= '0' && text_[0] <= '9'; ++digits) {
            value = 10 * value + (text_[0] - '0');
            text_.remove_prefix(1);
        }
        return digits > 0 ? std::optional(value) : std::nullopt;
    }
    bool done() const { return text_.empty(); }

  private:
    std::string_view text_;
};

}  // namespace

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
    if (m.start_percent != Method{}.start_percent) text += "-start" + std::to_string(m.start_percent);
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
    Reader in(text);
    if (!in.take("w")) throw refuse();
    m.weight_bits = in.number().value_or(0);
    if (in.take("a")) {
        m.activation_bits = in.number().value_or(0);
        if (m.activation_bits < 2 || m.activation_bits > 8) throw refuse();
    }
    if (in.take("e8"))
        m.ends = Method::Ends::both_8;
    else if (in.take("f8"))
        m.ends = Method::Ends::first_8;
    while (in.take("-")) {
        if (in.take("hs")) {
            m.half_shift = true;
        } else if (in.take("pt")) {
            m.bounds = Granularity::tensor;
        } else if (in.take("abs")) {
            m.rule = {BoundRule::Kind::mean_abs, 0};
        } else if (in.take("mix")) {
            m.rule = {BoundRule::Kind::mix, static_cast<float>(in.number().value_or(999)) / 100.0f};
            if (m.rule.value > 1) throw refuse();
        } else if (in.take("fixed")) {
            m.rule = {BoundRule::Kind::fixed, static_cast<float>(in.number().value_or(0))};
            if (m.rule.value == 0) throw refuse();
        } else if (in.take("start")) {
            m.start_percent = in.number().value_or(999);
            if (m.start_percent > 100) throw refuse();
        } else {
            throw refuse();
        }
    }
    // One way to write each method: repeated, reordered and default settings are refused, too.
    if (!in.done() || m.weight_bits < 1 || m.weight_bits > 8 || to_string(m) != text) throw refuse();
    return m;
}

}  // namespace nibble::aqt
