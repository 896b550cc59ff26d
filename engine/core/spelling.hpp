// Reading names made of fixed words and numbers, as "resnet20-w0.5", "s4x2-pc" or "w4a4e8", piece by piece
// from the front. Whole numbers have one spelling each.
#pragma once

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <type_traits>

namespace nibble {

/// Takes `prefix` off the front of `text` if it is there.
inline bool take(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

/// Takes a decimal number without sign, exponent or leading zeros off the front; nothing where there is none,
/// or none that T can hold.
template <class T>
std::optional<T> take_number(std::string_view& text) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const bool starts_well = !text.empty() && is_digit(text[0]);
    if (!starts_well || (text[0] == '0' && text.size() > 1 && is_digit(text[1]))) return {};
    const auto is_part = [&](char c) { return is_digit(c) || (std::is_floating_point_v<T> && c == '.'); };
    const auto end = std::find_if_not(text.begin(), text.end(), is_part);
    T value{};
    const auto [stop, error] = std::from_chars(text.data(), text.data() + (end - text.begin()), value);
    if (error != std::errc{} || text[static_cast<std::size_t>(stop - text.data()) - 1] == '.') return {};
    text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
    return value;
}

}  // namespace nibble
