#include "experiments/reports/best.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "experiments/reports/columns.hpp"

namespace nibble {

namespace {

/// Results of one method on one network, over the draws.
using Draws = std::vector<const Result*>;
/// Bits of weights and activations.
using Width = std::pair<int, int>;

/// Of the inner layer with the most multiplications; of three layers or more.
Width inner_bits(const Result& result) {
    const auto& layers = result.cost.layers;
    const std::size_t last = layers.size() - 1;
    std::size_t largest = 0;
    for (std::size_t i = 1; i < last; ++i)
        if (largest == 0 || layers[i].macs > layers[largest].macs) largest = i;
    return {layers[largest].weight_bits, layers[largest].activation_bits};
}

/// "12.3 dB, features.0": of the layer with the largest error.
template <class Error>
std::string worst_layer(const Result& result, Error error) {
    const auto& layers = result.quantization->layers;
    const auto worst =
        std::max_element(layers.begin(), layers.end(), [&](auto& a, auto& b) { return error(a) < error(b); });
    if (worst == layers.end() || error(*worst) <= 0 || std::isinf(error(*worst))) return kMissing;
    return fmt::format("{:.1f} dB, {}", -10 * std::log10(error(*worst)), worst->name);
}

double mean_top1(const Draws& draws) {
    double sum = 0;
    for (const Result* r : draws) sum += r->eval.top1;
    return sum / static_cast<double>(draws.size());
}

/// The widths that print and plot show, and what they call them.
struct NamedWidth {
    Width bits;
    const char* name;
};
constexpr std::array kWidths{NamedWidth{{8, 8}, "w8a8"}, NamedWidth{{4, 8}, "w4a8"},
                             NamedWidth{{4, 4}, "w4a4"}, NamedWidth{{2, 8}, "w2a8"}};

bool has(const Best& best, const Width& bits) {
    return Width(best.weight_bits, best.activation_bits) == bits;
}

std::vector<std::string> networks_of(const std::vector<Best>& best) {
    std::vector<std::string> networks;
    for (const Best& b : best)
        if (networks.empty() || networks.back() != b.network) networks.push_back(b.network);
    return networks;
}

}  // namespace

std::vector<Best> best_of_networks(const std::vector<Overview>& experiments) {
    std::vector<std::string> networks;
    std::map<std::string, double> of_float;
    std::map<std::string, std::map<Width, std::map<std::string, Draws>>> all;
    for (const Overview& e : experiments)
        for (const auto& [cell, result] : e.cells) {
            if (!result || !result->quantization) continue;
            if (cell.method == "f32") of_float[cell.model] = result->eval.top1;
            if (!result->ran_as_integers() || result->cost.layers.size() < 3) continue;
            if (!all.contains(cell.model)) networks.push_back(cell.model);
            all[cell.model][inner_bits(*result)][e.experiment + " " + cell.method].push_back(&*result);
        }
    std::vector<Best> list;
    for (const std::string& network : networks)
        for (auto width = all[network].rbegin(); width != all[network].rend(); ++width) {
            const auto& [bits, methods] = *width;
            if (methods.size() < 2 || !of_float.contains(network)) continue;
            const auto& [method, draws] =
                *std::max_element(methods.begin(), methods.end(),
                                  [](auto& a, auto& b) { return mean_top1(a.second) < mean_top1(b.second); });
            list.push_back({network, bits.first, bits.second, method, methods.size(), of_float[network],
                            mean_top1(draws), draws.front()});
        }
    return list;
}

Table best_table(const std::vector<Best>& best) {
    return table_of<Best>(
        best, {{{"Network", false}, [](const Best& b) { return b.network; }},
               {{"Float top-1 (%)"}, [](const Best& b) { return fmt::format("{:.2f}", b.of_float); }},
               {{"Weights, activations (bits)"},
                [](const Best& b) { return fmt::format("{}, {}", b.weight_bits, b.activation_bits); }},
               {{"Best method", false}, [](const Best& b) { return b.method; }},
               {{"Of so many"}, [](const Best& b) { return std::to_string(b.methods); }},
               {{"Top-1 (%)"}, [](const Best& b) { return fmt::format("{:.2f}", b.top1); }},
               {{"Against float (points)"}, [](const Best& b) { return fmt::format("{:+.2f}", b.change()); }},
               {{"Worst weights", false},
                [](const Best& b) {
                    return worst_layer(*b.first, [](auto& layer) { return layer.weight_error; });
                }},
               {{"Worst input", false}, [](const Best& b) {
                    // Inputs with scales by channel have none that is known.
                    return worst_layer(*b.first, [](auto& layer) {
                        return layer.input_error.value_or(std::numeric_limits<double>::infinity());
                    });
                }}});
}

Table best_for_print(const std::vector<Best>& best) {
    Table table{{{"Network", false},
                 {"Float (%)"},
                 {"Bits", false},
                 {"Best method", false},
                 {"Top-1 (%)"},
                 {"Difference (points)"}},
                {}};
    for (const std::string& network : networks_of(best)) {
        bool named = false;
        for (const Best& b : best)
            for (const auto& [bits, name] : kWidths) {
                if (b.network != network || !has(b, bits) || bits.first < 4) continue;
                table.rows.push_back({named ? "" : network, named ? "" : fmt::format("{:.2f}", b.of_float),
                                      name, b.method, fmt::format("{:.2f}", b.top1),
                                      fmt::format("{:+.2f}", b.change())});
                named = true;
            }
    }
    return table;
}

namespace {

/// To write on a bar: little room is there.
std::string short_text(double points) {
    const double rounded = std::round(10 * points) / 10 + 0.0;  // no "-0.0"
    return fmt::format("{:.{}f}", rounded, std::abs(rounded) < 10 ? 1 : 0);
}

}  // namespace

Plot best_plot(const std::string& profile, const std::vector<Best>& best) {
    const std::vector<std::string> networks = networks_of(best);
    const double count = static_cast<double>(networks.size());
    Plot plot{"What the best method of each width loses, profile " + profile,
              "bits of weights and activations in the inner layers",
              "top-1 lost against float (points)",
              {}};
    plot.legend_above = true;
    plot.bar_width = 0.84 / count;
    for (std::size_t i = 0; i < kWidths.size(); ++i)
        plot.x_names.emplace_back(static_cast<double>(i), kWidths[i].name);
    plot.x_range = {-0.5, static_cast<double>(kWidths.size()) - 0.5};
    double least = 0, most = 0;
    for (std::size_t n = 0; n < networks.size(); ++n) {
        Curve curve{networks[n], {}, static_cast<int>(n), false, Curve::Form::bars};
        const double aside = plot.bar_width * (static_cast<double>(n) - (count - 1) / 2);
        for (std::size_t i = 0; i < kWidths.size(); ++i)
            for (const Best& b : best) {
                if (b.network != networks[n] || !has(b, kWidths[i].bits)) continue;
                const double x = static_cast<double>(i) + aside, lost = -b.change();
                curve.points.emplace_back(x, lost);
                plot.notes.push_back({x, std::max(lost, 0.0), short_text(lost), Note::Side::above});
                least = std::min(least, lost);
                most = std::max(most, lost);
            }
        plot.curves.push_back(std::move(curve));
    }
    const double room = 0.1 * (most - least);
    plot.y_range = {least < 0 ? least - room : 0, most > least ? most + room : 1};
    return plot;
}

}  // namespace nibble
