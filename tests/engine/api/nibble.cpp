// The C functions in this process; library.sh tests the installed library.
#include <doctest/doctest.h>
#include <nibble/nibble.h>
#include <xmmintrin.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "datasets/catalog.hpp"
#include "datasets/loader.hpp"
#include "engine/core/file.hpp"
#include "engine/infer/executor.hpp"
#include "engine/infer/file.hpp"
#include "engine/infer/quantized_file.hpp"
#include "engine/nn/predictor.hpp"
#include "engine/onnx/export.hpp"
#include "engine/quant/post_training_methods.hpp"
#include "tests/helpers/networks.hpp"
#include "tests/helpers/scratch.hpp"

using namespace nibble;

namespace {

using Handle = std::unique_ptr<nibble_network, void (*)(nibble_network*)>;

Handle load(const std::filesystem::path& path) {
    nibble_network* network = nullptr;
    const auto status = nibble_load(path.c_str(), &network);
    INFO(nibble_last_error());
    REQUIRE(status == NIBBLE_OK);
    return {network, nibble_free};
}

std::vector<float> run(const nibble_network* network, const std::vector<float>& images, std::size_t logits) {
    std::vector<float> found(logits);
    CHECK(nibble_run(network, images.data(), images.size(), found.data(), logits) == NIBBLE_OK);
    return found;
}

bool says(const std::string& text) {
    return std::string(nibble_last_error()).find(text) != std::string::npos;
}

struct SmallNetwork {
    test::Scratch scratch{"api"};
    IntegerGraph graph = test::small_integer_network(1);
    std::filesystem::path path = scratch / "small.safetensors";
    std::vector<float> images = test::random_images(graph.input_dims(), 5, 2);
    std::vector<float> logits = std::vector<float>(5 * static_cast<std::size_t>(graph.classes()));

    SmallNetwork() {
        write_safetensors(path, to_safetensors(graph, {{"normalize_mean", "0.5"}}));
        IntegerExecutor(graph).logits(images, logits);
    }
};

}  // namespace

TEST_CASE("C functions: an integer network says what it is and gives the executor's logits") {
    const SmallNetwork small;
    const Handle network = load(small.path);
    nibble_shape shape{};
    std::int32_t classes = 0;
    REQUIRE(nibble_input_shape(network.get(), &shape) == NIBBLE_OK);
    REQUIRE(nibble_classes(network.get(), &classes) == NIBBLE_OK);
    CHECK(Dims{shape.height, shape.width, shape.channels} == small.graph.input_dims());
    CHECK(classes == small.graph.classes());
    CHECK(std::string(nibble_runs_as(network.get())).starts_with("integers-"));
    CHECK(std::string(nibble_metadata(network.get(), "normalize_mean")) == "0.5");
    CHECK(nibble_metadata(network.get(), "normalize_std") == nullptr);
    CHECK(says("normalize_std"));
    CHECK(run(network.get(), small.images, small.logits.size()) == small.logits);
    CHECK(nibble_run(network.get(), nullptr, 0, nullptr, 0) == NIBBLE_OK);
    CHECK(nibble_abi_version() == NIBBLE_ABI_VERSION);
}

TEST_CASE("C functions: threads share a network, each with errors of its own") {
    const SmallNetwork small;
    const Handle network = load(small.path);
    std::vector<int> differing(4);
    std::vector<std::thread> threads;
    for (int& count : differing)
        threads.emplace_back([&] {
            for (int round = 0; round < 20; ++round) {
                std::vector<float> logits(small.logits.size());
                nibble_run(network.get(), small.images.data(), small.images.size(), logits.data(),
                           logits.size());
                count += logits != small.logits || *nibble_last_error() != '\0';
            }
        });
    for (int round = 0; round < 20; ++round)
        CHECK(nibble_run(network.get(), small.images.data(), 1, nullptr, 0) == NIBBLE_BAD_INPUT);
    for (std::thread& thread : threads) thread.join();
    CHECK(differing == std::vector<int>(4));
}

TEST_CASE("C functions: networks with float activations and ONNX files run in floats") {
    const test::Scratch scratch("api");
    const Graph graph = test::branching_network(2);
    const Weights weights = test::random_weights(graph, 3);
    const auto images = test::random_images(graph.input_dims(), 16, 4);
    const auto expected = [&](const Graph& of, const Weights& with) {
        std::vector<float> logits(16 * static_cast<std::size_t>(of.classes()));
        Predictor(of, with, Numerics::f32).logits(images, logits);
        return logits;
    };
    const PostTrained quantized =
        post_train(*post_training_method("mmse", "w4e8"), graph, weights, images).network;
    write_safetensors(scratch / "w4e8.safetensors", to_safetensors(quantized, {}));
    const Handle codes = load(scratch / "w4e8.safetensors");
    CHECK(std::string(nibble_runs_as(codes.get())).starts_with("f32-"));
    const auto logits = expected(quantized.network.graph, rounded_weights(quantized));
    CHECK(run(codes.get(), images, logits.size()) == logits);

    write_onnx(scratch / "floats.onnx", graph, weights, {{"normalize_mean", "0.5"}});
    const Handle floats = load(scratch / "floats.onnx");
    CHECK(std::string(nibble_metadata(floats.get(), "normalize_mean")) == "0.5");
    CHECK(run(floats.get(), images, logits.size()) == expected(graph, weights));
}

TEST_CASE("C functions: null pointers, wrong sizes and files that are none are errors") {
    const SmallNetwork small;
    const Handle network = load(small.path);
    nibble_network* none = network.get();
    nibble_shape shape;
    std::int32_t classes;
    float number = 0;

    CHECK(nibble_load(nullptr, &none) == NIBBLE_BAD_INPUT);
    CHECK(none == nullptr);
    CHECK(nibble_load(small.path.c_str(), nullptr) == NIBBLE_BAD_INPUT);
    CHECK(says("network: is a null pointer"));
    CHECK(nibble_input_shape(nullptr, &shape) == NIBBLE_BAD_INPUT);
    CHECK(nibble_input_shape(network.get(), nullptr) == NIBBLE_BAD_INPUT);
    CHECK(nibble_classes(nullptr, &classes) == NIBBLE_BAD_INPUT);
    CHECK(nibble_classes(network.get(), nullptr) == NIBBLE_BAD_INPUT);
    CHECK(nibble_runs_as(nullptr) == nullptr);
    CHECK(nibble_metadata(nullptr, "model") == nullptr);
    CHECK(nibble_metadata(network.get(), nullptr) == nullptr);
    nibble_free(nullptr);

    std::vector<float> logits(small.logits);
    const auto run_sizes = [&](const float* images, std::uint64_t i, float* out, std::uint64_t l) {
        return nibble_run(network.get(), images, i, out, l);
    };
    const std::uint64_t i = small.images.size(), l = logits.size();
    CHECK(nibble_run(nullptr, small.images.data(), i, logits.data(), l) == NIBBLE_BAD_INPUT);
    CHECK(run_sizes(nullptr, i, logits.data(), l) == NIBBLE_BAD_INPUT);
    CHECK(run_sizes(small.images.data(), i, nullptr, l) == NIBBLE_BAD_INPUT);
    CHECK(run_sizes(small.images.data(), i - 1, logits.data(), l) == NIBBLE_BAD_INPUT);
    CHECK(run_sizes(small.images.data(), i, logits.data(), l - 1) == NIBBLE_BAD_INPUT);
    CHECK(run_sizes(&number, 0, &number, 1) == NIBBLE_BAD_INPUT);
    CHECK(says("expected n x "));
    CHECK(logits == small.logits);

    CHECK(nibble_load((small.scratch / "missing").c_str(), &none) == NIBBLE_IO_ERROR);
    CHECK(says("missing"));
    CHECK(nibble_load(small.scratch.write("short", "{}").c_str(), &none) == NIBBLE_BAD_INPUT);
    CHECK(nibble_load(small.scratch.write("short.onnx", "{}").c_str(), &none) == NIBBLE_BAD_INPUT);
    write_safetensors(small.scratch / "floats", Safetensors{});
    CHECK(nibble_load((small.scratch / "floats").c_str(), &none) == NIBBLE_BAD_INPUT);
    CHECK(says("nibble quantize"));
    CHECK(nibble_set_threads(0) == NIBBLE_BAD_INPUT);
}

TEST_CASE("C functions: the caller's rounding and denormals are its own") {
    const SmallNetwork small;
    const Handle network = load(small.path);
    const unsigned before = _mm_getcsr();
    _MM_SET_ROUNDING_MODE(_MM_ROUND_UP);
    const unsigned callers = _mm_getcsr() & ~0x3fu;  // without flags of what happened
    const auto logits = run(network.get(), small.images, small.logits.size());
    const unsigned after = _mm_getcsr() & ~0x3fu;
    _mm_setcsr(before);
    CHECK(after == callers);
    CHECK(logits == small.logits);
}

TEST_CASE("C functions: writes 200 glyphs as floats, for library.sh" * doctest::skip()) {
    const char* path = std::getenv("NIBBLE_GLYPHS_OUT");
    REQUIRE(path);
    const auto glyphs = open_dataset("glyphs", Split::test);
    std::vector<float> images;
    std::vector<std::int32_t> labels;
    Loader(*glyphs, evaluation_options(200)).load(0, 0, images, labels);
    write_file(path, {reinterpret_cast<const char*>(images.data()), images.size() * sizeof(float)});
}
