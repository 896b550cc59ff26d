#include "tests/helpers/integer_file.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>
#include <stdexcept>

#include "engine/core/error.hpp"
#include "engine/infer/executor.hpp"
#include "engine/infer/file.hpp"
#include "engine/infer/simulator.hpp"

namespace nibble::test {
namespace {

constexpr std::size_t kMaxElements = 1 << 14;
constexpr double kMaxWork = 1 << 19;

std::optional<IntegerGraph> read(const std::string& bytes) {
    try {
        return integer_graph_from(safetensors_from(bytes, "file"));
    } catch (const Error& e) {
        const std::string message = e.what();
        if (message.empty() || message.find('\n') != std::string::npos)
            throw std::logic_error("not one line: " + message);
        return {};
    }
}

bool is_small(const IntegerGraph& graph) {
    std::size_t elements = 0;
    for (const IntegerValue& value : graph.values) elements += value.dims.size();
    double work = 0;
    for (const IntegerStep& step : graph.steps) {
        const Dims in = graph.values[step.inputs[0]].dims, out = graph.values[step.outputs.front()].dims;
        const Window& w = step.node.window;
        work +=
            static_cast<double>(out.size()) * w.taps() * (step.kind == IntegerStep::Kind::gemm ? in.c : 1);
        elements += in.size() + static_cast<std::size_t>(2 * w.largest_pad()) *
                                    (in.h + in.w + 2 * w.largest_pad()) * in.c;
    }
    return elements <= kMaxElements && work <= kMaxWork;
}

void run(const IntegerGraph& graph) {
    std::vector<float> image(graph.input_dims().size());
    for (std::size_t i = 0; i < image.size(); ++i) image[i] = static_cast<float>(i * 37 % 64) / 16 - 2;
    const auto simulated = Simulator(graph).values(image);
    IntegerExecutor together(graph, IntegerExecutor::Keep::values), reusing(graph);
    const auto executed = together.values(image, 0);
    std::vector<float> logits(static_cast<std::size_t>(graph.classes()));
    reusing.logits(image, logits);

    // Scales may overflow; where infinities meet, the bits of a NaN are nobody's promise.
    for (const auto& values : simulated)
        if (!std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); })) return;
    const auto same = [](float a, float b) {
        return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
    };
    for (std::size_t v = 0; v < simulated.size(); ++v)
        if (!std::equal(simulated[v].begin(), simulated[v].end(), executed[v].begin(), executed[v].end(),
                        same))
            throw std::logic_error("value " + std::to_string(v) + " is not what the simulation says");
    const auto& expected = simulated[static_cast<std::size_t>(graph.steps.back().outputs.front())];
    if (!std::equal(expected.begin(), expected.end(), logits.begin(), logits.end(), same))
        throw std::logic_error("the logits change when memory is reused");
}

}  // namespace

Outcome try_integer_file(const std::string& bytes) {
    const std::optional<IntegerGraph> graph = read(bytes);
    if (!graph) return Outcome::refused;
    const std::string again = bytes_of(to_safetensors(*graph, {}));
    const std::optional<IntegerGraph> copy = read(again);
    if (!copy || bytes_of(to_safetensors(*copy, {})) != again)
        throw std::logic_error("an accepted network does not survive writing and reading");
    if (!is_small(*graph)) return Outcome::too_large;
    run(*graph);
    return Outcome::ran;
}

}  // namespace nibble::test
