#include "experiments/aqt/fronts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "experiments/support/pareto.hpp"
#include "experiments/support/statistics.hpp"

namespace nibble::aqt {

std::string to_string(CostModel model) {
    return model == CostModel::linear ? "linear" : "quadratic";
}

Front::Front(const ResultTable& table, const std::string& method, CostModel model) : method_(method) {
    const std::vector<std::string> all = table.networks_with_results({method});
    std::vector<CostPoint> points;
    for (const std::string& network : all) {
        const auto results = table.results(network, method);
        points.push_back({cost_of(*results.front(), model), summarize(table.values(network, method)).mean});
    }
    for (std::size_t i : pareto_front(points)) {
        networks_.push_back(all[i]);
        costs_.push_back(points[i].cost);
    }
}

std::optional<Front::Reached> Front::at(double cost) const {
    if (costs_.empty() || cost < costs_.front()) return std::nullopt;
    if (cost > costs_.back()) return Reached{{{networks_.back(), method_}}, end_text(cost)};
    const auto right = static_cast<std::size_t>(std::ranges::lower_bound(costs_, cost) - costs_.begin());
    if (costs_[right] == cost) return Reached{{{networks_[right], method_}}, ""};
    const std::size_t left = right - 1;
    const double part = std::log(cost / costs_[left]) / std::log(costs_[right] / costs_[left]);
    return Reached{{{networks_[left], method_, 1 - part}, {networks_[right], method_, part}}, ""};
}

std::optional<Front::Reached> Front::below(double cost) const {
    const auto end = std::ranges::lower_bound(costs_, cost);
    if (end == costs_.begin()) return std::nullopt;
    const std::string& network = networks_[static_cast<std::size_t>(end - costs_.begin()) - 1];
    return Reached{{{network, method_}}, end == costs_.end() ? end_text(cost) : ""};
}

std::string Front::end_text(double cost) const {
    return fmt::format("the curve of {} ends at {}, {:.0f} % of the cost in question", method_,
                       networks_.back(), 100 * costs_.back() / cost);
}

Figure lead_at_equal_cost(const ResultTable& table, const std::string& method, const std::string& other,
                          CostModel model) {
    const Front front(table, method, model), others(table, other, model);
    std::vector<Part> parts;
    for (const std::string& network : others.networks()) {
        auto reached = front.at(cost_of(*table.results(network, other).front(), model));
        if (!reached) continue;
        reached->terms.push_back({network, other, -1});
        parts.push_back({network, reached->terms, reached->open});
    }
    Figure figure = mean_of(fmt::format("{} over {} ({} cost)", method, other, to_string(model)), parts,
                            pooled(table), 0);
    if (parts.empty() && !front.networks().empty() && !others.networks().empty())
        figure.detail = "no cost in common";
    else if (parts.size() < others.networks().size())
        figure.detail = fmt::format("{} of {} networks cost less than the curve's first",
                                    others.networks().size() - parts.size(), others.networks().size());
    return figure;
}

}  // namespace nibble::aqt
