#include "engine/models/catalog.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <type_traits>

#include "engine/core/error.hpp"
#include "engine/models/resnet.hpp"
#include "engine/models/resnet_cifar.hpp"

namespace nibble {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Takes `prefix` off the front of `text` if it is there.
bool take(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

/// Takes a decimal number without sign, exponent or leading zeros off the front: one spelling for one
/// network.
template <class T>
std::optional<T> take_number(std::string_view& text) {
    const bool starts_well = !text.empty() && is_digit(text[0]);
    if (!starts_well || (text[0] == '0' && text.size() > 1 && is_digit(text[1]))) return {};
    const auto is_part = [](char c) { return is_digit(c) || (std::is_floating_point_v<T> && c == '.'); };
    const auto end = std::find_if_not(text.begin(), text.end(), is_part);
    T value{};
    const auto [stop, error] = std::from_chars(text.data(), text.data() + (end - text.begin()), value);
    if (error != std::errc{} || text[static_cast<std::size_t>(stop - text.data()) - 1] == '.') return {};
    text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
    return value;
}

/// resnet<depth>-imagenet; nothing else.
std::optional<Resnet> parse_imagenet(std::string_view name) {
    if (!take(name, "resnet")) return {};
    const auto depth = take_number<int>(name);
    if (!depth || name != "-imagenet") return {};
    return Resnet{.depth = *depth};
}

/// resnet<depth>[-w<width>][-projection] and plain<depth>[-w<width>]; nothing else.
std::optional<ResnetCifar> parse_cifar(std::string_view name) {
    ResnetCifar options;
    if (take(name, "plain"))
        options.shortcut = Shortcut::none;
    else if (!take(name, "resnet"))
        return {};

    const auto depth = take_number<int>(name);
    if (!depth) return {};
    options.depth = *depth;

    if (take(name, "-w")) {
        const auto width = take_number<double>(name);
        if (!width) return {};
        options.width = *width;
    }
    if (options.shortcut != Shortcut::none && take(name, "-projection"))
        options.shortcut = Shortcut::projection;
    return name.empty() ? std::optional(options) : std::nullopt;
}

}  // namespace

Graph make_model(const std::string& name, int classes, Dims input) {
    if (auto options = parse_imagenet(name)) {
        options->classes = classes;
        options->input = input;
        return resnet(*options);
    }
    auto options = parse_cifar(name);
    if (!options)
        throw BadInput("model", "name",
                       "resnet<depth>[-w<width>][-projection] or plain<depth>[-w<width>], as resnet20-w0.5, "
                       "or resnet<depth>-imagenet",
                       "'" + name + "'");
    options->classes = classes;
    options->input = input;
    return resnet_cifar(*options);
}

std::vector<std::string> model_examples() {
    return {"resnet20", "resnet20-w0.5", "resnet32-projection", "plain20", "resnet50-imagenet"};
}

}  // namespace nibble
