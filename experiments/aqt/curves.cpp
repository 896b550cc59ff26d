#include "experiments/aqt/curves.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "experiments/reports/generic_tables.hpp"
#include "experiments/reports/labels.hpp"
#include "experiments/support/pareto.hpp"
#include "experiments/support/statistics.hpp"

namespace nibble::aqt {

namespace {

/// A method's networks in the plane.
struct Series {
    Curve means;  ///< accuracy over cost, by network
    std::vector<CostPoint> points;
    std::vector<std::string> names;
};

std::string short_name(std::string network) {
    const std::string family = "resnet", full_width = "-w1.0";
    if (network.ends_with(full_width)) network.resize(network.size() - full_width.size());
    return network.starts_with(family) ? network.substr(family.size()) : network;
}

std::vector<Series> series_of(const ResultTable& table, CostModel model, double unit) {
    constexpr int kBlack = 6;
    std::vector<Series> list;
    int next = 0;
    for (const std::string& method : table.methods()) {
        if (!on_curve(method)) continue;
        Series series{{method, {}, method == kFloat ? kBlack : next++, false, Curve::Form::marks}, {}, {}};
        for (const std::string& network : table.networks()) {
            const auto results = table.results(network, method);
            if (results.empty()) continue;
            series.means.add_mean(cost_of(*results.front(), model) / unit, table.values(network, method));
            const auto& [cost, accuracy] = series.means.points.back();
            series.points.push_back({cost, accuracy});
            series.names.push_back(short_name(network));
        }
        if (!series.points.empty()) list.push_back(std::move(series));
    }
    return list;
}

std::vector<CostPoint> front_of(const std::vector<CostPoint>& points) {
    std::vector<CostPoint> front;
    for (std::size_t i : pareto_front(points)) front.push_back(points[i]);
    return front;
}

Curve curve(const std::string& label, const std::vector<CostPoint>& points, int colour, Curve::Form form) {
    Curve c{label, {}, colour, false, form};
    for (const CostPoint& p : points) c.points.emplace_back(p.cost, p.value);
    return c;
}

/// A tenth of the axis to both sides; room for a point alone.
AxisRange with_room(AxisRange r, double least) {
    const double room = std::max(0.1 * (r.high - r.low), least);
    return {r.low - room, r.high + room};
}

}  // namespace

Plot cost_plot(const std::string& title, const ResultTable& table, CostModel model) {
    const std::string reference = reference_of(table);
    Plot plot{title, "", "top-1 accuracy (%)", {}, Plot::Logarithmic::x};
    plot.legend_above = true;
    double unit = 1;
    for (const std::string& method : table.methods())
        if (const auto results = table.results(reference, method); !results.empty())
            unit = bf16_cost(*results.front(), model);
    plot.x_label = fmt::format("{} cost relative to {} in bf16 (marks: depth and width of the ResNet)",
                               model == CostModel::linear ? "linear" : "quadratic", reference);

    const std::vector<Series> list = series_of(table, model, unit);
    std::vector<CostPoint> all;
    std::vector<Label> labels;
    for (const Series& s : list)
        for (std::size_t i = 0; i < s.points.size(); ++i) {
            all.push_back(s.points[i]);
            labels.push_back({s.points[i].cost, s.points[i].value, s.names[i]});
        }
    if (all.empty()) return plot;
    plot.curves.push_back(curve("Pareto front of all", front_of(all), Curve::kGrey, Curve::Form::steps));
    for (const Series& s : list)
        plot.curves.push_back(curve("", front_of(s.points), s.means.colour, Curve::Form::line));
    for (const Series& s : list) plot.curves.push_back(s.means);
    const auto [left, right] = std::minmax_element(
        all.begin(), all.end(), [](const auto& a, const auto& b) { return a.cost < b.cost; });
    const auto [low, high] = std::minmax_element(
        all.begin(), all.end(), [](const auto& a, const auto& b) { return a.value < b.value; });
    plot.x_range = {left->cost / 1.6, right->cost * 1.4};
    plot.y_range = with_room({low->value, high->value}, 0.5);
    plot.notes = place_labels(plot, labels);
    return plot;
}

Plot epoch_plot(const std::string& title, const std::vector<ReportedCell>& cells, const ResultTable& table) {
    const std::string reference = reference_of(table);
    std::vector<ReportedCell> shown;
    for (const ReportedCell& c : cells)
        if (c.cell.model == reference && on_curve(c.cell.method)) shown.push_back(c);
    return learning_curves(title, shown);
}

Plot gap_plot(const std::string& title, const ResultTable& table) {
    const std::pair<const char*, double> methods[] = {{"w4a4e8", 4}, {"w8a8", 8}, {"bf16", 16}};
    Plot plot{title,
              "bits of weights and activations (w4a4e8, w8a8, bf16)",
              "training minus test top-1 (points)",
              {},
              Plot::Logarithmic::x};
    plot.legend_above = true;
    plot.x_ticks = {4, 8, 16};
    plot.x_range = {3.6, 17.8};
    int colour = 0;
    for (const std::string& network : table.networks()) {
        Curve augmented{network + ", augmented batches", {}, colour},
            clean{network + ", clean images", {}, colour, true};
        for (const auto& [method, bits] : methods) {
            if (table.results(network, method).empty()) continue;
            augmented.points.emplace_back(bits, summarize(table.values(network, method, augmented_gap)).mean);
            clean.points.emplace_back(bits, summarize(table.values(network, method, gap)).mean);
        }
        if (augmented.points.size() < 2) continue;
        plot.curves.insert(plot.curves.end(), {augmented, clean});
        ++colour;
    }
    return plot;
}

}  // namespace nibble::aqt
