#include "experiments/aqt/cells.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/core/error.hpp"
#include "engine/quant/aqt/method.hpp"
#include "experiments/aqt/smoothing.hpp"

namespace nibble::aqt {

namespace {

template <class T>
bool contains(const std::vector<T>& list, const T& value) {
    return std::find(list.begin(), list.end(), value) != list.end();
}

template <class T>
void add_once(std::vector<T>& list, const T& value) {
    if (!contains(list, value)) list.push_back(value);
}

/// The settings that an ablation changes, at their usual values.
Method with_usual_settings(Method m) {
    const Method usual;
    m.half_shift = usual.half_shift;
    m.bounds = usual.bounds;
    m.unfolded = usual.unfolded;
    m.rule = usual.rule;
    m.start_percent = usual.start_percent;
    return m;
}

std::string rule_text(const BoundRule& rule) {
    switch (rule.kind) {
        case BoundRule::Kind::mean_of_max:
            break;
        case BoundRule::Kind::mean_abs:
            return "bounds 3 times the mean magnitude";
        case BoundRule::Kind::mix:
            return fmt::format("bounds {:.0f} % from the root mean square, the rest from the mean magnitude",
                               100 * rule.value);
        case BoundRule::Kind::fixed:
            return fmt::format("bounds fixed at {:.0f}", rule.value);
    }
    return "bounds from the mean of the maxima";
}

}  // namespace

bool on_curve(const std::string& method) {
    if (method == kFloat) return true;
    const Method m = method_from(method);
    return m.activation_bits > 0 && m.ends != Method::Ends::first_8 && with_usual_settings(m) == m;
}

std::optional<std::string> base_of(const std::string& method, const std::vector<std::string>& known) {
    if (method == kFloat) return std::nullopt;
    const Method m = method_from(method);
    std::vector<std::string> choices;
    if (with_usual_settings(m) != m) choices.push_back(to_string(with_usual_settings(m)));
    if (m.activation_bits == 0) {
        choices.push_back(kFloat);
    } else if (m.ends != Method::Ends::both_8 && m.weight_bits < 8) {
        Method ends = with_usual_settings(m);
        ends.ends = Method::Ends::both_8;
        choices.push_back(to_string(ends));
    }
    for (const std::string& choice : choices)
        if (contains(known, choice)) return choice;
    return choices.empty() ? std::nullopt : std::optional(choices.front());
}

std::string difference_of(const std::string& method) {
    if (method == kFloat) return "";
    const Method m = method_from(method), usual = with_usual_settings(m);
    std::vector<std::string> parts;
    if (m.half_shift != usual.half_shift) parts.push_back("half shift");
    if (m.bounds != usual.bounds) parts.push_back("one bound per tensor");
    if (m.unfolded) parts.push_back("weights quantized without the activations' steps (simulation only)");
    if (m.rule != usual.rule) parts.push_back(rule_text(m.rule));
    if (m.start_percent == 0)
        parts.push_back("activations quantized from the first step on");
    else if (m.start_percent != usual.start_percent)
        parts.push_back(fmt::format("activations quantized from {} % of training on", m.start_percent));
    if (m.activation_bits == 0) {
        parts.push_back(
            fmt::format("only weights quantized, to {} bit{}", m.weight_bits, m.weight_bits == 1 ? "" : "s"));
    } else if (parts.empty() && m.weight_bits < 8) {
        if (m.ends == Method::Ends::same) parts.push_back("first and last layer no wider than the others");
        if (m.ends == Method::Ends::first_8) parts.push_back("8 bits in the first layer, not in the last");
    }
    std::string text;
    for (const std::string& part : parts) text += (text.empty() ? "" : "; ") + part;
    return text;
}

double top1(const Result& result) {
    return result.top1;
}

double train_top1(const Result& result) {
    return result.train_top1;
}

double gap(const Result& result) {
    return result.generalization_gap();
}

std::optional<double> smoothed(const Result& result) {
    return smoothed_maximum(result.history);
}

double cost_of(const Result& result, CostModel model) {
    return static_cast<double>(model == CostModel::linear ? result.linear_cost : result.quadratic_cost);
}

double bf16_cost(const Result& result, CostModel model) {
    return static_cast<double>(result.macs) * (model == CostModel::linear ? 16 : 16 * 16);
}

Cells::Cells(const std::string& profile, const std::vector<ReportedCell>& cells) : profile_(profile) {
    for (const auto& [cell, result] : cells) {
        if (data_.empty()) data_ = cell.data;
        if (cell.data != data_)
            throw BadInput("experiment aqt, profile " + profile, "data of its cells", "one data set",
                           data_ + " and " + cell.data);
        add_once(networks_, cell.model);
        add_once(methods_, cell.method);
        add_once(seeds_, cell.seed);
        auto& by_seed = results_[{cell.model, cell.method}];
        if (result) by_seed[cell.seed] = *result;
    }
}

bool Cells::in_grid(const std::string& network, const std::string& method) const {
    return results_.contains({network, method});
}

const Result* Cells::find(const std::string& network, const std::string& method, std::uint64_t seed) const {
    const auto place = results_.find({network, method});
    if (place == results_.end()) return nullptr;
    const auto result = place->second.find(seed);
    return result == place->second.end() ? nullptr : &result->second;
}

std::vector<const Result*> Cells::results(const std::string& network, const std::string& method) const {
    std::vector<const Result*> list;
    for (std::uint64_t seed : seeds_)
        if (const Result* r = find(network, method, seed)) list.push_back(r);
    return list;
}

std::vector<double> Cells::differences(const std::string& network, const std::string& a, const std::string& b,
                                       const Quantity& of) const {
    std::vector<double> list;
    for (std::uint64_t seed : seeds_) {
        const Result *first = find(network, a, seed), *second = find(network, b, seed);
        if (!first || !second) continue;
        const auto one = of(*first), other = of(*second);
        if (one && other) list.push_back(*one - *other);
    }
    return list;
}

Panel Cells::panel(const std::vector<std::string>& methods) const {
    const auto complete = [&](const std::string& network, std::uint64_t seed) {
        return std::all_of(methods.begin(), methods.end(),
                           [&](const auto& m) { return find(network, m, seed) != nullptr; });
    };
    Panel panel;
    for (const std::string& network : networks_)
        if (std::any_of(seeds_.begin(), seeds_.end(), [&](auto seed) { return complete(network, seed); }))
            panel.networks.push_back(network);
    if (panel.networks.empty()) return panel;
    for (std::uint64_t seed : seeds_)
        if (std::all_of(panel.networks.begin(), panel.networks.end(),
                        [&](const auto& network) { return complete(network, seed); }))
            panel.seeds.push_back(seed);
    return panel;
}

std::string Cells::reference() const {
    std::string largest;
    std::size_t most = 0;
    for (const auto& [place, by_seed] : results_)
        for (const auto& [seed, result] : by_seed)
            if (result.macs > most) {
                most = result.macs;
                largest = std::get<0>(place);
            }
    return largest;
}

std::vector<double> each(const std::vector<const Result*>& results, const Quantity& of) {
    std::vector<double> values;
    for (const Result* r : results)
        if (const auto value = of(*r)) values.push_back(*value);
    return values;
}

}  // namespace nibble::aqt
