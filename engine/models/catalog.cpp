#include "engine/models/catalog.hpp"

#include <optional>
#include <string_view>
#include <variant>

#include "engine/core/error.hpp"
#include "engine/core/spelling.hpp"
#include "engine/models/resnet.hpp"
#include "engine/models/resnet_cifar.hpp"

namespace nibble {
namespace {

/// Takes "-w<width>" off the front if it is there; false for one that is no number.
bool take_width(std::string_view& name, double& width) {
    if (!take(name, "-w")) return true;
    const auto number = take_number<double>(name);
    if (number) width = *number;
    return number.has_value();
}

/// Of torchvision: its names are its networks, though 50 and 152 are 6n + 2, too.
bool is_torchvision_depth(int depth) {
    return depth == 18 || depth == 34 || depth == 50 || depth == 101 || depth == 152;
}

/// resnet<depth>[-w<width>][-imagenet], the end only left out for torchvision's depths; nothing else.
std::optional<Resnet> parse_imagenet(std::string_view name) {
    Resnet options;
    if (!take(name, "resnet")) return {};
    const auto depth = take_number<int>(name);
    if (!depth || !take_width(name, options.width)) return {};
    if (name != "-imagenet" && !(name.empty() && is_torchvision_depth(*depth))) return {};
    options.depth = *depth;
    return options;
}

/// resnet<depth>[-w<width>][-cifar][-projection] and plain<depth>[-w<width>]; nothing else.
std::optional<ResnetCifar> parse_cifar(std::string_view name) {
    ResnetCifar options;
    if (take(name, "plain"))
        options.shortcut = Shortcut::none;
    else if (!take(name, "resnet"))
        return {};

    const auto depth = take_number<int>(name);
    if (!depth || !take_width(name, options.width)) return {};
    options.depth = *depth;
    if (options.shortcut != Shortcut::none) take(name, "-cifar");
    if (options.shortcut != Shortcut::none && take(name, "-projection"))
        options.shortcut = Shortcut::projection;
    return name.empty() ? std::optional(options) : std::nullopt;
}

std::variant<Resnet, ResnetCifar> parse(const std::string& name) {
    if (const auto options = parse_imagenet(name)) return *options;
    if (const auto options = parse_cifar(name)) return *options;
    throw BadInput("model", "name",
                   "resnet<depth>[-w<width>][-cifar][-projection] or plain<depth>[-w<width>], as "
                   "resnet20-w0.5, or resnet<depth>[-w<width>][-imagenet], as resnet50",
                   "'" + name + "'");
}

Graph build(const Resnet& options) {
    return resnet(options);
}
Graph build(const ResnetCifar& options) {
    return resnet_cifar(options);
}

}  // namespace

Graph make_model(const std::string& name) {
    return std::visit([](const auto& options) { return build(options); }, parse(name));
}

Graph make_model(const std::string& name, int classes, Dims input) {
    const auto build_for = [&](auto options) {
        options.classes = classes;
        options.input = input;
        return build(options);
    };
    return std::visit(build_for, parse(name));
}

std::vector<std::string> model_examples() {
    return {"resnet20", "resnet20-w0.5", "resnet32-projection", "plain20", "resnet50", "resnet50-w0.5"};
}

}  // namespace nibble
