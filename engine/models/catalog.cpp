#include "engine/models/catalog.hpp"

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string_view>

#include "engine/core/error.hpp"
#include "engine/core/spelling.hpp"
#include "engine/models/resnet.hpp"
#include "engine/models/resnet_cifar.hpp"
#include "engine/models/torchvision.hpp"

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

using Build = std::function<Graph(const ModelOptions&)>;

/// torchvision's other networks, and their relatives for images of 32 x 32.
const std::map<std::string, Build, std::less<>>& named_models() {
    const auto resnet_of = [](int depth, int groups, int width_per_group) {
        return [=](const ModelOptions& o) {
            return resnet({.depth = depth,
                           .groups = groups,
                           .width_per_group = width_per_group,
                           .classes = o.classes,
                           .input = o.input});
        };
    };
    const auto shufflenet_of = [](std::array<int, 5> channels, bool small_images) {
        return [=](const ModelOptions& o) { return shufflenet_v2(channels, small_images, o); };
    };
    constexpr std::array<int, 5> kHalf{24, 48, 96, 192, 1024}, kWhole{24, 116, 232, 464, 1024};
    static const std::map<std::string, Build, std::less<>> models = [&] {
        std::map<std::string, Build, std::less<>> m{
            {"alexnet", alexnet},
            {"squeezenet1_0", [](const ModelOptions& o) { return squeezenet(0, o); }},
            {"squeezenet1_1", [](const ModelOptions& o) { return squeezenet(1, o); }},
            {"googlenet", googlenet},
            {"inception_v3", inception_v3},
            {"resnext50_32x4d", resnet_of(50, 32, 4)},
            {"resnext101_32x8d", resnet_of(101, 32, 8)},
            {"wide_resnet50_2", resnet_of(50, 1, 128)},
            {"wide_resnet101_2", resnet_of(101, 1, 128)},
            {"mobilenet_v2", [](const ModelOptions& o) { return mobilenet_v2(false, o); }},
            {"mobilenet_v2-cifar", [](const ModelOptions& o) { return mobilenet_v2(true, o); }},
            {"mobilenet_v3_small", [](const ModelOptions& o) { return mobilenet_v3(false, o); }},
            {"mobilenet_v3_large", [](const ModelOptions& o) { return mobilenet_v3(true, o); }},
            {"mnasnet0_5", [](const ModelOptions& o) { return mnasnet(0.5, o); }},
            {"mnasnet1_0", [](const ModelOptions& o) { return mnasnet(1.0, o); }},
            {"shufflenet_v2_x0_5", shufflenet_of(kHalf, false)},
            {"shufflenet_v2_x1_0", shufflenet_of(kWhole, false)},
            {"shufflenet_v2_x0_5-cifar", shufflenet_of(kHalf, true)},
            {"shufflenet_v2_x1_0-cifar", shufflenet_of(kWhole, true)},
            {"efficientnet_b0", efficientnet_b0},
            {"densenet40-cifar", densenet40}};
        for (const int depth : {121, 161, 169, 201})
            m["densenet" + std::to_string(depth)] = [=](const ModelOptions& o) { return densenet(depth, o); };
        for (const int depth : {11, 13, 16, 19})
            for (const bool norm : {false, true})
                m["vgg" + std::to_string(depth) + (norm ? "_bn" : "")] = [=](const ModelOptions& o) {
                    return vgg(depth, norm, o);
                };
        return m;
    }();
    return models;
}

/// The family's usual input and classes.
ModelOptions usual_options(std::string_view name) {
    if (name.ends_with("-cifar")) return {10, {32, 32, 3}};
    return name == "inception_v3" ? ModelOptions{1000, {299, 299, 3}} : ModelOptions{};
}

template <class Options>
Build with(Options options, Graph (*build)(const Options&)) {
    return [=](const ModelOptions& o) {
        Options own = options;
        own.classes = o.classes;
        own.input = o.input;
        return build(own);
    };
}

struct Model {
    Build build;
    ModelOptions usual;
};

Model find(const std::string& name) {
    if (const auto options = parse_imagenet(name)) return {with<Resnet>(*options, resnet), {}};
    if (const auto options = parse_cifar(name))
        return {with<ResnetCifar>(*options, resnet_cifar), {10, {32, 32, 3}}};
    if (const auto named = named_models().find(name); named != named_models().end())
        return {named->second, usual_options(name)};
    throw BadInput(
        "model", "name",
        "resnet<depth>[-w<width>][-cifar][-projection], plain<depth>[-w<width>], as resnet20-w0.5, "
        "or one that 'nibble info' lists, as mobilenet_v2",
        "'" + name + "'");
}

}  // namespace

Graph make_model(const std::string& name) {
    const Model model = find(name);
    return model.build(model.usual);
}

Graph make_model(const std::string& name, int classes, Dims input) {
    if (classes < 1) throw BadInput("model " + name, "classes", "at least 1", std::to_string(classes));
    return find(name).build({classes, input});
}

std::vector<std::string> model_examples() {
    std::vector<std::string> names{"resnet20",     "resnet20-w0.5", "resnet56-cifar-projection",
                                   "plain20",      "resnet18",      "resnet34",
                                   "resnet50",     "resnet101",     "resnet152",
                                   "resnet50-w0.5"};
    for (const auto& [name, build] : named_models()) names.push_back(name);
    return names;
}

}  // namespace nibble
