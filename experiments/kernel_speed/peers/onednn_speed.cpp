// Times oneDNN on the layers of layers.json, or counts the outputs that its int8 kernels get wrong by
// saturating; one JSON document on standard output. ONEDNN_MAX_CPU_ISA caps the instruction set.
#include <omp.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <random>
#include <regex>

#include "experiments/kernel_speed/peers/onednn_layer.hpp"

namespace {

using namespace nibble::peers;
using nlohmann::json;

constexpr double kBlockSeconds = 0.05;

struct Options {
    std::string layers = LAYERS_FILE, only;
    int threads = 1, rounds = 5;
    bool saturation = false;
};

std::vector<Layer> read_layers(const Options& options) {
    std::ifstream file(options.layers);
    const json document = json::parse(file);
    std::vector<Layer> layers;
    for (const json& entry : document.at("layers")) {
        layers.push_back({entry.at("name"), entry.at("kind") == "linear", entry.at("inputs"),
                          entry.at("outputs"), entry.at("size"), entry.at("kernel"), entry.at("stride"),
                          entry.at("batches")});
    }
    return layers;
}

bool wanted(const Options& options, const Layer& layer, const std::string& precision, int batch) {
    const std::string row = layer.name + "/" + precision + "/b" + std::to_string(batch);
    return std::regex_search(row, std::regex(options.only));
}

/// Integers from low to high; all generators draw from one stream.
std::function<int()> uniform(int low, int high) {
    static std::mt19937 random(1);
    return [low, high] { return low + static_cast<int>(random() % static_cast<unsigned>(high - low + 1)); };
}

double seconds_of(int calls, OnednnLayer& layer) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < calls; ++i) layer.run();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Milliseconds per call, one figure a round. Finding how many calls make a block warms up.
std::vector<double> measure(OnednnLayer& layer, int rounds) {
    int calls = 1;
    while (seconds_of(calls, layer) < kBlockSeconds) calls *= 2;
    std::vector<double> milliseconds(rounds);
    for (double& sample : milliseconds) sample = 1e3 * seconds_of(calls, layer) / calls;
    return milliseconds;
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return (values[values.size() / 2] + values[(values.size() - 1) / 2]) / 2;
}

json time_layers(const std::vector<Layer>& layers, const Options& options) {
    json rows = json::array();
    for (const Layer& layer : layers)
        for (const int batch : layer.batches)
            for (const auto& [precision, name] :
                 {std::pair(Precision::f32, "f32"), {Precision::int8, "int8"}}) {
                if (!wanted(options, layer, name, batch)) continue;
                const Operands operands = make_operands(layer, batch, uniform(0, 255), uniform(-127, 127));
                OnednnLayer prepared(layer, batch, precision, operands);
                const std::vector<double> rounds = measure(prepared, options.rounds);
                rows.push_back({{"what", "layer"},
                                {"name", layer.name},
                                {"precision", name},
                                {"batch", batch},
                                {"ms_median", median(rounds)},
                                {"ms_min", *std::min_element(rounds.begin(), rounds.end())},
                                {"rounds", rounds},
                                {"implementation", prepared.implementation()}});
            }
    return rows;
}

/// The convolution's sums for one image as the definition says, NCHW.
std::vector<std::int32_t> exact_sums(const Layer& layer, const Operands& operands) {
    std::vector<std::int32_t> sums;
    const int n = layer.size, k = layer.kernel;
    for (int out = 0; out < layer.outputs; ++out)
        for (int y = -layer.border(); y + k <= n + layer.border(); y += layer.stride)
            for (int x = -layer.border(); x + k <= n + layer.border(); x += layer.stride) {
                std::int32_t sum = 0;
                for (int in = 0; in < layer.inputs; ++in)
                    for (int r = std::max(y, 0); r < std::min(y + k, n); ++r)
                        for (int c = std::max(x, 0); c < std::min(x + k, n); ++c)
                            sum += operands.activations[(in * n + r) * n + c] *
                                   operands.weights[((out * layer.inputs + in) * k + r - y) * k + c - x];
                sums.push_back(sum);
            }
    return sums;
}

json compare_sums(const Layer& layer, const std::string& values, const Operands& operands) {
    OnednnLayer prepared(layer, 1, Precision::int32, operands);
    prepared.run();
    const std::vector<std::int32_t> expected = exact_sums(layer, operands), got = prepared.sums();
    std::size_t wrong = 0;
    json example;
    for (std::size_t i = 0; i < expected.size(); ++i)
        if (expected[i] != got[i] && wrong++ == 0) example = {{"expected", expected[i]}, {"got", got[i]}};
    return {{"what", "saturation"},
            {"name", layer.name},
            {"precision", "int8"},
            {"batch", 1},
            {"values", values},
            {"wrong_outputs", wrong},
            {"of", expected.size()},
            {"example", example},
            {"implementation", prepared.implementation()}};
}

json check_sums(const std::vector<Layer>& layers, const Options& options) {
    json rows = json::array();
    for (const Layer& layer : layers) {
        if (layer.linear || !wanted(options, layer, "int8", 1)) continue;
        const auto sign = [weight = uniform(0, 1)] { return weight() ? 127 : -127; };
        rows.push_back(compare_sums(layer, "extreme", make_operands(layer, 1, uniform(255, 255), sign)));
        rows.push_back(
            compare_sums(layer, "uniform", make_operands(layer, 1, uniform(0, 255), uniform(-127, 127))));
    }
    return rows;
}

json run(const Options& options) {
    omp_set_num_threads(options.threads);
    const dnnl::version_t* version = dnnl::version();
    const char* cap = std::getenv("ONEDNN_MAX_CPU_ISA");
    const std::vector<Layer> layers = read_layers(options);
    return {{"peer", "oneDNN"},
            {"version", std::to_string(version->major) + "." + std::to_string(version->minor) + "." +
                            std::to_string(version->patch)},
            {"threads", options.threads},
            {"isa_cap", cap ? json(cap) : json()},
            {"rows", options.saturation ? check_sums(layers, options) : time_layers(layers, options)}};
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app(
        "Times oneDNN on single layers; prints one JSON document. ONEDNN_MAX_CPU_ISA caps its instructions.");
    app.add_option("--threads", options.threads, "threads")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    app.add_option("--rounds", options.rounds, "samples a row")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    app.add_option("--only", options.only,
                   "rows whose name/precision/bBATCH matches this regular expression");
    app.add_option("--layers", options.layers, "the list of layers")->check(CLI::ExistingFile);
    app.add_flag("--saturation", options.saturation, "count wrong int8 sums instead of timing");
    CLI11_PARSE(app, argc, argv);
    try {
        std::cout << run(options).dump(2) << std::endl;
    } catch (const std::exception& error) {
        std::cerr << "nibble_onednn_speed: " << error.what() << std::endl;
        return 1;
    }
}
