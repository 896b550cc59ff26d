#include "experiments/fgq/curves.hpp"

#include <algorithm>

#include "experiments/fgq/methods.hpp"
#include "experiments/fgq/oracles.hpp"
#include "experiments/support/statistics.hpp"

namespace nibble::fgq {

namespace {

constexpr int kBlack = 6;
constexpr AxisRange kGroupRange{1.7, 75};

/// The mean over the draws at each N that has a result.
template <class Values>
Curve against_groups(const std::string& label, int colour, Values values) {
    Curve curve{label, {}, colour};
    for (int n : kGroups)
        if (const std::vector<double> of = values(n); !of.empty()) curve.add_mean(n, of);
    return curve;
}

/// A line, unless it was not to be one, and marks at the N that were measured.
void add(Plot& plot, Curve marks, bool with_line = true) {
    if (marks.points.empty()) return;
    if (with_line) {
        plot.curves.push_back(marks);
        plot.curves.back().label.clear();
        plot.curves.back().error_bars.clear();
    }
    marks.form = Curve::Form::marks;
    plot.curves.push_back(std::move(marks));
}

Plot empty_plot(const std::string& title, const std::string& y_label) {
    Plot plot{title, "weights that share a scale, N", y_label, {}, Plot::Logarithmic::x};
    plot.x_range = kGroupRange;
    plot.x_ticks.assign(std::begin(kGroups), std::end(kGroups));
    plot.legend_above = true;
    return plot;
}

}  // namespace

Plot group_plot(const std::string& title, const ResultTable& table, const std::string& network) {
    Plot plot = empty_plot(title + ", " + network, "top-1 accuracy (%)");
    if (const auto real = table.values(network, kFloat); !real.empty())
        plot.curves.push_back({"float network",
                               {{kGroupRange.low, real.front()}, {kGroupRange.high, real.front()}},
                               kBlack,
                               true});
    int colour = 0;
    for (int bits : kActivationBits)
        add(plot, against_groups(bits ? std::to_string(bits) + "-bit activations" : "float activations",
                                 colour++, [&](int n) { return table.values(network, in_groups(n, bits)); }));
    add(plot,
        against_groups("fine-tuned, 8 bits", colour,
                       [&](int n) { return table.values(network, fine_tuned(in_groups(n, 8)), top1); }),
        false);
    return plot;
}

Plot drop_plot(const std::string& title, const ResultTable& table) {
    Plot plot = empty_plot(title, "top-1 lost beside float (points)");
    int colour = 0;
    for (const std::string& network : table.networks())
        add(plot, against_groups(network, colour++,
                                 [&](int n) { return table.differences(network, kFloat, in_groups(n, 8)); }));
    return plot;
}

Plot weight_plot(const std::string& title, const ResultTable& table) {
    Plot plot = empty_plot(title, "squared error of ternary weights (% of their square)");
    int colour = 0;
    for (const std::string& network : table.networks())
        add(plot, against_groups(network, colour++, [&](int n) {
                auto errors = table.values(network, in_groups(n, 8), fact("weight_error"));
                for (double& e : errors) e *= 100;
                return errors;
            }));
    if (plot.curves.empty()) return plot;
    Curve gaussian{"Gaussian weights", {}, Curve::kGrey}, laplace{"Laplace weights", {}, kBlack, true};
    for (const Oracle& o : kOracles) {
        gaussian.points.emplace_back(o.group, 100 * o.gaussian_error);
        laplace.points.emplace_back(o.group, 100 * o.laplace_error);
    }
    plot.curves.push_back(std::move(gaussian));
    plot.curves.push_back(std::move(laplace));
    return plot;
}

}  // namespace nibble::fgq
