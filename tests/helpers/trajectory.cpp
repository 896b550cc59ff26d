#include "tests/helpers/trajectory.hpp"

#include <array>
#include <memory>
#include <span>
#include <sstream>

#include "engine/core/digest.hpp"
#include "engine/core/rng.hpp"
#include "engine/infer/executor.hpp"
#include "engine/infer/lower.hpp"
#include "engine/models/resnet_cifar.hpp"
#include "engine/nn/predictor.hpp"
#include "engine/quant/aqt/quantizer.hpp"
#include "engine/quant/fgq/quantizer.hpp"
#include "engine/train/init.hpp"
#include "engine/train/trainer.hpp"

namespace nibble::test {
namespace {

Graph resnet(Shortcut shortcut, double width) {
    return resnet_cifar(
        {.depth = 8, .width = width, .shortcut = shortcut, .classes = 10, .input = {12, 12, 3}});
}

/// Odd everything: strides, kernels, channels; biases with and without batch norm; max and average pooling.
Graph odd_network() {
    Graph g;
    int x = g.input({13, 11, 3});
    x = g.relu(g.conv(x, "a", 19, {5, 3, 1, 2}, true));
    x = g.max_pool(x, {3, 3, 2, 1});
    const int shortcut = x;
    x = g.relu(g.batch_norm(g.conv(x, "b", 19, {3, 3, 1, 1}, true), "b_norm"));
    x = g.batch_norm(g.conv(x, "c", 19, {1, 1, 1, 0}), "c_norm");
    x = g.relu(g.add(x, shortcut));
    x = g.avg_pool(x, {2, 2, 1, 1});
    x = g.conv(x, "d", 33, {3, 2, 3, 0});
    x = g.global_pool(x);
    g.linear(x, "linear", 7);
    return g;
}

/// What residual networks do not have: branches, groups, dilation, gates, functions, batch norm in front.
Graph branching_network() {
    Graph g;
    int x = g.clamp(
        g.batch_norm(g.conv(g.input({13, 12, 3}), "stem", 12, {{3, 2, 0, 1}, {3, 1, 1, 1}}), "stem_norm"),
        {0, 6});
    const int gate = g.conv(g.function(Op::silu, g.conv(g.global_pool(x), "squeeze", 5, {}, true)), "excite",
                            12, {}, true);
    x = g.multiply(x, g.function(Op::hard_sigmoid, gate));
    const int left = g.conv(g.slice(x, 0, 6), "grouped", 9, {3, 3, 1, 1}, true, 3);
    const int right =
        g.leaky_relu(g.conv(g.slice(x, 6, 6), "dilated", 7, {{3, 1, 2, 2, 2}, {3, 1, 2, 2, 2}}), 0.1f);
    x = g.shuffle(g.concat({left, right, x}), 4);
    x = g.relu(g.batch_norm(x, "front_norm"));
    const int deep = g.function(
        Op::hard_swish, g.batch_norm(g.conv(x, "depthwise", 28, {3, 3, 2, 1}, false, 28), "deep_norm"));
    // Nodes are numbered as they are made: two arguments of one call would be made in the compiler's order.
    const int point = g.batch_norm(g.conv(deep, "point", 20, {}), "point_norm");
    const int side = g.avg_pool(g.conv(x, "side", 20, {}), {3, 3, 2, 1}, false);
    x = g.relu(g.add(point, side));
    x = g.relu(g.linear(g.adaptive_pool(g.pad(x, 1, 0, 0, 0), 2, 3), "hidden", 11));
    g.linear(g.dropout(x, 0.25f), "out", 7);
    return g;
}

constexpr int kBatch = 19;  // two whole chunks and a part
constexpr std::uint64_t kSeed = 7;

std::vector<float> random_images(Random& random, const Graph& graph) {
    std::vector<float> images(kBatch * graph.input_dims().size());
    for (float& x : images) x = random.normal();
    return images;
}

/// Fine-tuning begins at the weights that the trainer begins at, too.
std::unique_ptr<TrainingQuantizer> fine_tuning(const Graph& graph, const std::string& method) {
    Random random(12, Purpose::test);
    return std::make_unique<fgq::NetworkLayers>(
        graph, fgq::method_from(method),
        observe_histograms(graph, initial_weights(graph, kSeed), random_images(random, graph)));
}

std::string short_digest(const Array<float>& values) {
    return Digest().add(std::span(values.data(), values.size())).hex().substr(0, 4);
}
std::string short_digest(std::span<const double> values) {
    return Digest().add(values).hex().substr(0, 4);
}

/// In the order in which a step computes them.
void add_step(Trajectory& trajectory, const std::string& name, const Graph& graph, const Trainer& trainer,
              double loss) {
    TrajectoryStep& step = trajectory.steps.emplace_back(name);
    const auto parameters = graph.parameters();
    for (const auto& [tensor, shape, start] : parameters)
        if (is_buffer(tensor))
            step.add("forward pass: " + tensor, short_digest(trainer.weights().at(tensor)));
    step.add("forward pass: loss", short_digest({&loss, 1}));
    for (auto p = parameters.rbegin(); p != parameters.rend(); ++p)
        if (!is_buffer(p->name))
            step.add("backward pass: gradient of " + p->name, short_digest(trainer.gradients().at(p->name)));
    step.add("update: weights", digest_of(trainer.weights()).substr(0, 4));
}

/// `method`: of quantized training, else empty.
void add_trajectory(Trajectory& trajectory, Digest& digest, const std::string& network, const Graph& graph,
                    const std::string& family, const std::string& method, std::uint32_t stream) {
    const int kSteps = method.empty() ? 3 : 4;
    Recipe recipe;
    recipe.epochs = kSteps;
    recipe.batch = kBatch;
    recipe.weight_decay = 5e-4;
    recipe.warmup_epochs = 1;
    recipe.label_smoothing = 0.1;
    std::unique_ptr<TrainingQuantizer> layers;
    if (family.find("aqt") != family.npos)
        layers = std::make_unique<aqt::NetworkLayers>(graph, aqt::method_from(method), kBatch, kSteps);
    if (family.ends_with("fgq")) layers = fine_tuning(graph, method);
    const Numerics numerics = layers || family.ends_with("bf16") ? Numerics::bf16 : Numerics::f32;
    Trainer trainer(graph, numerics, recipe, 1, kSeed, layers.get());

    Random random(11, Purpose::test, 0, stream);
    std::vector<float> images;
    std::vector<std::int32_t> labels(kBatch);
    for (int step = 0; step < kSteps; ++step) {
        images = random_images(random, graph);
        for (auto& label : labels) label = static_cast<std::int32_t>(random.below(graph.classes()));
        const double loss = trainer.step(images, labels).loss;
        digest.add(std::span<const double>(&loss, 1));
        add_step(trajectory, network + ", step " + std::to_string(step + 1), graph, trainer, loss);
    }
    std::vector<float> logits(static_cast<std::size_t>(kBatch) * graph.classes());
    if (family == "aqt unfolded") {
        auto simulated = std::make_unique<aqt::NetworkLayers>(graph, aqt::method_from(method), 0, 0);
        simulated->set_state(layers->state());
        digest.add(digest_of(layers->state()));
        Predictor(graph, trainer.weights(), numerics, std::move(simulated)).logits(images, logits);
    } else if (layers) {
        IntegerExecutor(lower(graph, trainer.weights(), layers->quantization(trainer.weights())))
            .logits(images, logits);
        digest.add(digest_of(layers->state()));
    } else {
        Predictor(graph, trainer.weights(), numerics).logits(images, logits);
    }
    digest.add(std::span<const float>(logits)).add(digest_of(trainer.weights()));
    TrajectoryStep& end = trajectory.steps.emplace_back(network + ", trained");
    if (layers) end.add("state of quantization", digest_of(layers->state()).substr(0, 4));
    end.add("predictions", Digest().add(std::span<const float>(logits)).hex().substr(0, 4));
}

/// The methods of the four networks.
std::array<std::string, 4> methods_of(const std::string& family) {
    if (family == "aqt")
        return {"w4a4e8-start50", "w8a8-start50", "w3a5-pt-abs-start50", "w4a4-mix50-start50"};
    if (family == "aqt fixed bounds")
        return {"w4a4e8-fixed6", "w8a8-fixed6", "w3a5-pt-fixed4", "w4a4-fixed6-start50"};
    if (family == "aqt unfolded")
        return {"w4a4e8-unfolded-start50", "w8a8-unfolded-start50", "w3a5-unfolded-abs-start50",
                "w4a4-unfolded-fixed6"};
    if (family == "branches aqt") return {"w4a4e8-start50"};
    if (family == "branches fgq") return {"g4a8"};
    if (family == "fgq") return {"g4a8", "g64a8-twn", "g2a4-t", "g8a4-exp"};
    return {};
}

}  // namespace

const std::vector<std::string>& trajectory_families() {
    static const std::vector<std::string> families = {
        "f32", "bf16",         "aqt",           "aqt fixed bounds", "aqt unfolded",
        "fgq", "branches f32", "branches bf16", "branches aqt",     "branches fgq"};
    return families;
}

Trajectory trajectory(const std::string& family) {
    const std::array<std::string, 4> methods = methods_of(family);
    std::uint32_t stream = 0;
    Trajectory trajectory;
    Digest digest;
    const auto add = [&](const std::string& network, const Graph& graph) {
        add_trajectory(trajectory, digest, network, graph, family, methods[stream], stream);
        ++stream;
    };
    if (family.starts_with("branches")) {
        add("branches", branching_network());
    } else {
        add("option A", resnet(Shortcut::option_a, 1.0));
        add("projection", resnet(Shortcut::projection, 0.75));
        add("no shortcut", resnet(Shortcut::none, 0.3));
        add("odd", odd_network());
    }
    trajectory.digest = digest.hex();
    return trajectory;
}

std::map<std::string, std::string> Trajectory::lines() const {
    std::map<std::string, std::string> lines;
    for (const TrajectoryStep& step : steps)
        for (const auto& [what, short_digest] : step.digests)
            lines[step.name] += (lines[step.name].empty() ? "" : " ") + short_digest;
    return lines;
}

std::string Trajectory::first_difference(const std::map<std::string, std::string>& expected) const {
    for (const TrajectoryStep& step : steps) {
        const auto found = expected.find(step.name);
        std::istringstream line(found == expected.end() ? "" : found->second);
        for (const auto& [what, short_digest] : step.digests)
            if (std::string one; !(line >> one) || one != short_digest)
                return step.name + ", " + what + " differs";
    }
    return lines() == expected ? "" : "steps are missing";
}

}  // namespace nibble::test
