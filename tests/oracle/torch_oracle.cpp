// PyTorch as oracle: the same weights and images through both; torch_oracle.py
// beside this file is the other half. Optional: without an importable torch in
// /usr/bin/python3 these cases say so loudly and pass.
#include <doctest/doctest.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "engine/core/json.hpp"
#include "engine/core/rng.hpp"
#include "engine/io/safetensors.hpp"
#include "engine/models/resnet_cifar.hpp"
#include "engine/nn/predictor.hpp"
#include "engine/train/trainer.hpp"
#include "tests/helpers/skip.hpp"

using namespace nibble;

namespace {

// Relative errors ||ours - torch|| / ||torch|| of a whole tensor. Float sums in
// another order differ by some 1e-6 after 20 layers.
constexpr double kLogitsF32 = 1e-5;
constexpr double kGradientF32 = 3e-5;
constexpr double kStatisticsF32 = 1e-5;
constexpr double kWeightsF32 = 1e-5;
constexpr double kLossF32 = 1e-5;
// bfloat16 keeps 8 bits and flips many a ReLU: at random weights PyTorch's own
// bf16 gradients are as far from its fp32 (0.4 in the median tensor of
// ResNet-20, 0.7 in the worst). This finds missing terms and wrong signs or
// scales; the definition of the bf16 bits is tested with the kernels.
constexpr double kLogitsBf16 = 0.02;
constexpr double kGradientBf16 = 0.5;
constexpr double kStatisticsBf16 = 0.01;
constexpr double kLossBf16 = 0.005;

constexpr std::uint64_t kSeed = 7;
constexpr int kBatch = 4;

// A ReLU whose input is nearer to zero than the two sides' difference may open
// on one side only, and one such flip moves a gradient by a part in a hundred.
// The oracle says how near they come; these batches keep clear.
constexpr float kReluMargin = 3e-6f;
constexpr std::uint32_t kStepBatch = 0, kSgdBatch = 105;

struct Batch {
    Array<float> images;
    std::vector<std::int32_t> labels;
    std::span<const float> pixels() const { return {images.data(), images.size()}; }
};

Batch random_batch(const Graph& graph, std::uint32_t index) {
    const Dims d = graph.input_dims();
    const auto size = [](int n) { return static_cast<std::size_t>(n); };
    Batch batch{Array<float>::from_shape({size(kBatch), size(d.h), size(d.w), size(d.c)}), {}};
    Random random(kSeed, Purpose::test, 0, index);
    for (std::size_t i = 0; i < batch.images.size(); ++i) batch.images.data()[i] = random.normal();
    for (int i = 0; i < kBatch; ++i)
        batch.labels.push_back(
            static_cast<std::int32_t>(random.below(static_cast<std::uint32_t>(graph.classes()))));
    return batch;
}

/// Weights of a network that has seen some training: no batch norm is the
/// identity, no running statistic is fresh.
Weights lived_in(Weights weights) {
    Random random(kSeed, Purpose::test, 1);
    for (auto& [name, values] : weights) {
        const bool is_scale =
            name.ends_with(".running_var") || (name.find("bn") != name.npos && name.ends_with(".weight"));
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (is_scale)
                values.data()[i] = 0.5f + random.uniform();
            else if (values.dimension() == 1)
                values.data()[i] = 0.2f * random.normal();
        }
    }
    return weights;
}

bool torch_is_there() {
    static const bool there = std::system("/usr/bin/python3 -c 'import torch' >/dev/null 2>&1") == 0;
    if (!there)
        nibble::test::skipped(
            "no PyTorch in /usr/bin/python3 (apt-get install "
            "python3-torch): oracle not asked");
    return there;
}

std::string text(double value) {
    return Json(value).dump();
}

Safetensors question_of(const ResnetCifar& model, const Weights& weights, const Batch& batch) {
    Safetensors question;
    for (const auto& [name, values] : weights) question.tensors[name] = StoredTensor::from(values);
    question.tensors["images"] = StoredTensor::from(batch.images);
    const auto labels = std::as_bytes(std::span<const std::int32_t>(batch.labels));
    question.tensors["labels"] = {"I32", {batch.labels.size()}, {labels.begin(), labels.end()}};
    const char* const shortcuts[] = {"option_a", "projection", "none"};
    question.metadata = {{"depth", std::to_string(model.depth)},
                         {"width", text(model.width)},
                         {"shortcut", shortcuts[static_cast<int>(model.shortcut)]},
                         {"learning_rates", "[]"}};
    return question;
}

void add_training(Safetensors& question, const Recipe& recipe, std::size_t steps) {
    Json rates = Json::array();
    for (std::size_t step = 0; step < steps; ++step) rates.push_back(learning_rate_at(recipe, step, steps));
    question.metadata["learning_rates"] = rates.dump();
    question.metadata["momentum"] = text(recipe.momentum);
    question.metadata["nesterov"] = recipe.nesterov ? "true" : "false";
    question.metadata["weight_decay"] = text(recipe.weight_decay);
    question.metadata["label_smoothing"] = text(recipe.label_smoothing);
}

std::map<std::string, Array<float>> ask(const Safetensors& question) {
    const auto folder =
        std::filesystem::temp_directory_path() / ("nibble-oracle-" + std::to_string(::getpid()));
    const auto in = folder / "question.safetensors", out = folder / "answer.safetensors";
    write_safetensors(in, question);
    const std::string command = "/usr/bin/python3 '" NIBBLE_SOURCE_DIR "/tests/oracle/torch_oracle.py' '" +
                                in.string() + "' '" + out.string() + "'";
    const int status = std::system(command.c_str());
    std::map<std::string, Array<float>> answer;
    if (status == 0)
        for (const auto& [name, tensor] : read_safetensors(out).tensors) answer[name] = tensor.to_f32();
    std::filesystem::remove_all(folder);
    REQUIRE(status == 0);
    return answer;
}

double relative_error(const Array<float>& ours, const Array<float>& theirs) {
    REQUIRE(ours.size() == theirs.size());
    double difference = 0, norm = 0;
    for (std::size_t i = 0; i < ours.size(); ++i) {
        const double d = double{ours.data()[i]} - double{theirs.data()[i]};
        difference += d * d;
        norm += double{theirs.data()[i]} * double{theirs.data()[i]};
    }
    return std::sqrt(difference / norm);
}

Array<float> evaluate(const Graph& graph, const Weights& weights, const Batch& batch, Numerics numerics) {
    auto logits = Array<float>::from_shape({std::size_t{kBatch}, static_cast<std::size_t>(graph.classes())});
    Predictor(graph, weights, numerics).logits(batch.pixels(), {logits.data(), logits.size()});
    return logits;
}

/// Every entry `prefix + name` of the answer against ours; returns the largest
/// relative error.
double worst_error(const Weights& ours, const std::map<std::string, Array<float>>& answer,
                   const std::string& prefix, double limit) {
    double worst = 0;
    std::size_t compared = 0;
    for (const auto& [name, theirs] : answer) {
        if (!name.starts_with(prefix)) continue;
        const std::string parameter = name.substr(prefix.size());
        REQUIRE(ours.contains(parameter));
        const double error = relative_error(ours.at(parameter), theirs);
        CAPTURE(parameter);
        CHECK(error < limit);
        worst = std::max(worst, error);
        ++compared;
    }
    CHECK(compared > 0);
    return worst;
}

struct Limits {
    double logits, gradient, statistics, loss;
};

/// One training step with learning rate 0: loss, every gradient, running
/// statistics, logits.
void compare_one_step(int depth, Numerics numerics, const Limits& limits) {
    const ResnetCifar model{.depth = depth};
    const Graph graph = resnet_cifar(model);
    const Recipe still{.epochs = 1, .batch = kBatch, .learning_rate = 0};
    Trainer trainer(graph, numerics, still, 1, kSeed);
    const Weights weights = lived_in(trainer.weights());
    trainer.set_weights(weights);
    const Batch batch = random_batch(graph, kStepBatch);
    Safetensors question = question_of(model, weights, batch);
    add_training(question, still, 1);
    const auto answer = ask(question);
    if (numerics == Numerics::f32) REQUIRE(answer.at("relu_margin")(0) > kReluMargin);

    const double logits = relative_error(evaluate(graph, weights, batch, numerics), answer.at("logits.eval"));
    CHECK(logits < limits.logits);
    const StepResult result = trainer.step(batch.pixels(), batch.labels);
    const double loss = std::abs(result.loss / answer.at("loss")(0) - 1);
    CHECK(loss < limits.loss);
    const double gradient = worst_error(trainer.gradients(), answer, "grad.", limits.gradient);
    auto statistics = answer;
    std::erase_if(statistics, [](const auto& entry) { return !is_buffer(entry.first); });
    const double buffers = worst_error(trainer.weights(), statistics, "after.", limits.statistics);
    MESSAGE(to_string(numerics) << " against torch fp32: logits " << logits << ", loss " << loss
                                << ", gradient " << gradient << ", running statistics " << buffers);
}

void compare_logits(const ResnetCifar& model) {
    const Graph graph = resnet_cifar(model);
    const Weights weights = lived_in(Trainer(graph, Numerics::f32, {}, 1, kSeed).weights());
    const Batch batch = random_batch(graph, kStepBatch);
    const auto answer = ask(question_of(model, weights, batch));
    const double error =
        relative_error(evaluate(graph, weights, batch, Numerics::f32), answer.at("logits.eval"));
    CHECK(error < kLogitsF32);
}

}  // namespace

TEST_CASE("oracle: one f32 step of ResNet-20") {
    if (torch_is_there())
        compare_one_step(20, Numerics::f32, {kLogitsF32, kGradientF32, kStatisticsF32, kLossF32});
}

TEST_CASE("oracle: one bf16 step of ResNet-8 stays near fp32") {
    if (torch_is_there())
        compare_one_step(8, Numerics::bf16, {kLogitsBf16, kGradientBf16, kStatisticsBf16, kLossBf16});
}

TEST_CASE("oracle: three steps of SGD") {
    if (!torch_is_there()) return;
    const ResnetCifar model{.depth = 8, .shortcut = Shortcut::projection};
    const Graph graph = resnet_cifar(model);
    const Batch batch = random_batch(graph, kSgdBatch);
    constexpr std::size_t kSteps = 3;
    for (const bool nesterov : {true, false}) {
        CAPTURE(nesterov);
        const Recipe recipe{.epochs = 1,
                            .batch = kBatch,
                            .learning_rate = 0.05,
                            .nesterov = nesterov,
                            .weight_decay = 0.02,
                            .label_smoothing = 0.1};
        Trainer trainer(graph, Numerics::f32, recipe, kSteps, kSeed);
        Safetensors question = question_of(model, trainer.weights(), batch);
        add_training(question, recipe, kSteps);
        const auto answer = ask(question);
        REQUIRE(answer.at("relu_margin")(0) > kReluMargin);
        for (std::size_t step = 0; step < kSteps; ++step)
            CHECK(trainer.step(batch.pixels(), batch.labels).loss ==
                  doctest::Approx(answer.at("loss")(step)).epsilon(kLossF32));
        worst_error(trainer.weights(), answer, "after.", kWeightsF32);
    }
}

TEST_CASE("oracle: logits of the other shortcuts, widths and inputs") {
    if (!torch_is_there()) return;
    compare_logits({.depth = 14, .shortcut = Shortcut::projection});
    compare_logits({.depth = 14, .shortcut = Shortcut::none});
    compare_logits({.depth = 8, .width = 0.3, .classes = 7, .input = {28, 20, 1}});  // odd zero-padding
}
