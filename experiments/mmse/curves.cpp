#include "experiments/mmse/curves.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/quant/post_training.hpp"
#include "experiments/mmse/unbiased.hpp"
#include "experiments/support/statistics.hpp"

namespace nibble::mmse {

namespace {

/// The four ways to choose weight scales.
struct Way {
    const char* suffix;
    const char* label;
};
constexpr Way kWays[] = {{"-pt-wmaxabs", "tensor, max-abs"},
                         {"-pt", "tensor, MMSE"},
                         {"-wmaxabs", "kernel, max-abs"},
                         {"", "kernel, MMSE"}};

double mean(const std::vector<double>& values) {
    return summarize(values).mean;
}

/// Signal to quantization noise of each layer's 4-bit weights in one network.
Plot layer_plot(const std::string& title, const ResultTable& table) {
    std::vector<std::string> methods;
    for (const Way& way : kWays) methods.push_back(std::string("w4e8") + way.suffix);
    const std::string network = table.largest_with(methods);
    Plot plot{fmt::format("{}: 4-bit weights of {}", title, network),
              "layer (8 bits in the first and the last)",
              "signal to quantization noise (dB)",
              {}};
    plot.legend_above = true;
    if (network.empty()) return plot;
    int colour = 0;
    for (const Way& way : kWays) {
        const Result& r = *table.results(network, std::string("w4e8") + way.suffix).front();
        Curve curve{way.label, {}, colour++, false};
        for (std::size_t i = 1; i + 1 < r.quantization->layers.size(); ++i)
            curve.points.emplace_back(i + 1, sqnr(r.quantization->layers[i].weight_error));
        plot.curves.push_back(curve);
    }
    return plot;
}

Plot bits_plot(const std::string& title, const ResultTable& table) {
    const std::string network = table.largest_with({"w4a8e8", "w4a8e8-pt"});
    Plot plot{fmt::format("{}: {}, activations in 8 bits", title, network),
              "bits of weights (8 in the first and last layer)",
              "top-1 accuracy (%)",
              {}};
    plot.legend_above = true;
    if (network.empty()) return plot;
    int colour = 0;
    for (const Way& way : kWays) {
        Curve curve{way.label, {}, colour++, false};
        for (int bits = 2; bits <= 8; ++bits) {
            const auto values =
                table.values(network, fmt::format("w{}a8{}{}", bits, bits < 8 ? "e8" : "", way.suffix));
            if (!values.empty()) curve.add_mean(bits, values);
        }
        if (curve.points.size() > 1) plot.curves.push_back(curve);
    }
    if (const auto values = table.values(network, kFloat); !values.empty())
        plot.curves.push_back({"float", {{2, mean(values)}, {8, mean(values)}}, Curve::kGrey, true});
    return plot;
}

Plot dual_plot(const std::string& title, const ResultTable& table) {
    Plot plot{
        title + ": 4-bit weights, 8-bit activations", "dual kernels (%)", "top-1 against float (points)", {}};
    plot.legend_above = true;
    int colour = 0;
    for (const std::string& network : table.networks()) {
        Curve curve{network, {}, colour++, false};
        for (const std::string& method : table.methods()) {
            Method plain = method_from(method);
            const int share = plain.dual_percent;
            plain.dual_percent = 0;
            const auto differences = table.differences(network, method, kFloat);
            if (to_string(plain) == "w4a8e8" && !differences.empty()) curve.add_mean(share, differences);
        }
        std::sort(curve.points.begin(), curve.points.end());
        if (curve.points.size() > 1) plot.curves.push_back(curve);
    }
    return plot;
}

/// Error over scale, as a grid search per tensor saw it.
Plot scale_plot(const std::string& title, const ResultTable& table) {
    const std::string method = "w4a8e8-pt-wgrid", network = table.largest_with({method});
    Plot plot{fmt::format("{}: 4-bit weights per tensor, {}", title, network),
              "scale, relative to max-abs",
              "signal to quantization noise (dB)",
              {}};
    plot.legend_above = true;
    if (network.empty()) return plot;
    int colour = 0;
    for (const auto& [layer, points] : table.results(network, method).front()->quantization->curves) {
        Curve curve{layer, {}, colour++, false};
        for (const auto& [scale, error] : points) curve.points.emplace_back(scale, sqnr(error));
        plot.curves.push_back(curve);
    }
    return plot;
}

/// A mark for each draw, a line through the means.
Plot calibration_plot(const std::string& title, const ResultTable& table) {
    Plot plot{title + ": w4a4e8",
              "calibration images (a mark is one draw)",
              "top-1 against float (points)",
              {},
              Plot::Logarithmic::x};
    plot.legend_above = true;
    plot.x_range = {12, 1400};
    int colour = 0;
    for (const std::string& network : table.networks()) {
        Curve means{network, {}, colour, false}, marks{"", {}, colour, false, Curve::Form::marks};
        ++colour;
        for (const std::string& method : table.methods()) {
            Method plain = method_from(method);
            const int images = plain.images;
            plain.images = Method::kImages;
            const auto differences = table.differences(network, method, kFloat);
            if (to_string(plain) != "w4a4e8" || differences.empty()) continue;
            means.add_mean(images, differences);
            for (double d : differences) marks.points.emplace_back(images, d);
        }
        std::sort(means.points.begin(), means.points.end());
        if (means.points.size() < 2) continue;
        plot.curves.push_back(marks);
        plot.curves.push_back(means);
    }
    return plot;
}

/// Weights per output channel of a layer: 9 in a depthwise 3x3 convolution; 0 if the result does not know.
double fan_in(const Result& r, std::size_t layer) {
    const Result::Quantization::Layer& quantized = r.quantization->layers[layer];
    for (const Result::Cost::Layer& l : r.cost.layers)
        if (l.name == quantized.name)
            return static_cast<double>(l.weights) / static_cast<double>(quantized.output_channels);
    return 0;
}

/// Signal to quantization noise of 4-bit weights by the number of weights per output channel, all inner layers of all
/// networks; nothing where no layer is depthwise.
Plot fan_in_plot(const std::string& title, const ResultTable& table) {
    constexpr double kDepthwise = 25;  // at most 5x5
    Plot plot{title + ": 4-bit weights of all networks",
              "weights per output channel (9: depthwise 3x3)",
              "signal to quantization noise (dB)",
              {},
              Plot::Logarithmic::x};
    plot.legend_above = true;
    bool depthwise = false;
    int colour = 0;
    for (const Way& way : {kWays[1], kWays[3]}) {
        Curve curve{way.label, {}, colour++, false, Curve::Form::marks};
        for (const std::string& network : table.networks()) {
            const auto results = table.results(network, std::string("w4e8") + way.suffix);
            if (results.empty()) continue;
            const Result& r = *results.front();
            for (std::size_t i = 1; i + 1 < r.quantization->layers.size(); ++i) {
                const double weights = fan_in(r, i);
                if (weights == 0) continue;
                curve.points.emplace_back(weights, sqnr(r.quantization->layers[i].weight_error));
                depthwise = depthwise || weights <= kDepthwise;
            }
        }
        plot.curves.push_back(curve);
    }
    if (!depthwise) plot.curves.clear();
    return plot;
}

}  // namespace

std::map<std::string, Plot> plots(const std::string& title, const ResultTable& table) {
    std::map<std::string, Plot> all{
        {"-scales", scale_plot(title, table)}, {"-layers", layer_plot(title, table)},
        {"-bits", bits_plot(title, table)},    {"-unbiased", unbiased_plot(title, table)},
        {"-dual", dual_plot(title, table)},    {"-calibration", calibration_plot(title, table)},
        {"-fan-in", fan_in_plot(title, table)}};
    std::erase_if(all, [](const auto& entry) { return entry.second.curves.empty(); });
    return all;
}

}  // namespace nibble::mmse
