#include "engine/quant/scheme.hpp"

#include <optional>
#include <string_view>

#include "engine/core/error.hpp"
#include "engine/core/spelling.hpp"

namespace nibble {
namespace {

constexpr int kMaxGroup = 1 << 20;

std::optional<Scheme> parse(std::string_view text) {
    Scheme scheme;
    if (take(text, "t")) {
        scheme.kind = Kind::ternary;
        scheme.bits = 2;
        scheme.range = Range::narrow;
    } else {
        if (take(text, "u"))
            scheme.is_signed = false;
        else if (!take(text, "s"))
            return {};
        const auto bits = take_number<int>(text);
        if (!bits) return {};
        scheme.bits = *bits;
        if (take(text, "z")) scheme.zero_point = take_number<int>(text).value_or(-1);
        if (take(text, "n")) scheme.range = Range::narrow;
        if (take(text, "x")) {
            const auto terms = take_number<int>(text);
            if (!terms) return {};
            scheme.kind = Kind::sum;
            scheme.terms = *terms;
        }
    }
    if (text == "-pt") {
        scheme.granularity = Granularity::tensor;
    } else if (text == "-pc") {
        scheme.granularity = Granularity::channel;
    } else {
        if (!take(text, "-g")) return {};
        const auto group = take_number<int>(text);
        if (!group || !text.empty()) return {};
        scheme.granularity = Granularity::group;
        scheme.group = *group;
    }
    return scheme;
}

}  // namespace

std::string to_string(const Scheme& s) {
    std::string text = s.kind == Kind::ternary ? "t" : (s.is_signed ? "s" : "u") + std::to_string(s.bits);
    if (s.zero_point != 0) text += "z" + std::to_string(s.zero_point);
    if (s.kind != Kind::ternary && s.range == Range::narrow) text += "n";
    if (s.kind == Kind::sum) text += "x" + std::to_string(s.terms);
    switch (s.granularity) {
        case Granularity::tensor:
            return text + "-pt";
        case Granularity::channel:
            return text + "-pc";
        case Granularity::group:
            return text + "-g" + std::to_string(s.group);
    }
    return text;
}

Scheme scheme_from(const std::string& text) {
    const auto scheme = parse(text);
    if (!scheme)
        throw BadInput("scheme", "name", "one like s4-pc, s8n-pc, u4-pt, s4x2-pc or t-g64", "'" + text + "'");
    check(*scheme);
    return *scheme;
}

void check(const Scheme& s) {
    const auto require = [](bool fine, const char* what, const char* expected, int found) {
        if (!fine) throw BadInput("scheme", what, expected, std::to_string(found));
    };
    require(s.bits >= 2 && s.bits <= 8, "bits", "2 to 8", s.bits);
    require((s.kind == Kind::sum) == (s.terms > 1) && s.terms >= 1 && s.terms <= kMaxTerms, "terms",
            "2 to 4 for a sum, else 1", s.terms);
    require(s.kind != Kind::ternary || (s.bits == 2 && s.is_signed && s.range == Range::narrow),
            "bits of ternary codes", "2, signed and narrow", s.bits);
    require(s.is_signed || s.range == Range::full, "range", "full for unsigned codes", s.bits);
    const int half = 1 << (s.bits - 1);
    require(s.zero_point == 0 || (!s.is_signed && s.kind == Kind::uniform && s.zero_point > 0 &&
                                  s.zero_point < 2 * half && s.zero_point != half),
            "zero point", "below 2^bits and not the middle, of unsigned codes alone", s.zero_point);
    require(s.granularity == Granularity::group ? s.group >= 2 && s.group <= kMaxGroup : s.group == 0,
            "group", "at least 2 with granularity group, else 0", s.group);
}

}  // namespace nibble
