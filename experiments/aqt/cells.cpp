#include "experiments/aqt/cells.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/core/error.hpp"
#include "engine/quant/aqt/method.hpp"
#include "experiments/aqt/smoothing.hpp"
#include "experiments/support/statistics.hpp"

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

double augmented_gap(const Result& result) {
    return result.history.back().train_top1 - result.top1;
}

double loss_gap(const Result& result) {
    return result.loss - result.train_loss;
}

std::size_t epochs(const Result& result) {
    return result.history.size();
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

std::vector<std::string> Cells::networks_with(const std::vector<std::string>& methods) const {
    std::vector<std::string> list;
    for (const std::string& network : networks_)
        if (std::ranges::all_of(methods, [&](auto& m) { return !results(network, m).empty(); }))
            list.push_back(network);
    return list;
}

std::optional<Estimate> Cells::estimate(const Terms& terms, const Quantity& of, bool test_images) const {
    std::map<Place, double> factors;  // a cell in several terms counts with their sum
    for (const Term& term : terms) factors[{term.network, term.method}] += term.factor;
    std::vector<std::vector<double>> groups;
    for (const auto& [place, by_seed] : results_)
        groups.push_back(each(results(std::get<0>(place), std::get<1>(place)), of));
    const auto of_a_seed = pooled_variance(groups);

    Estimate estimate;
    double share = 0;  // sum factor_k^2 / n_k
    std::vector<ImageTerm> images;
    for (const auto& [place, factor] : factors) {
        const auto list = results(std::get<0>(place), std::get<1>(place));
        const std::vector<double> values = each(list, of);
        if (values.empty()) return std::nullopt;
        estimate.mean += factor * summarize(values).mean;
        share += factor * factor / static_cast<double>(values.size());
        if (values.size() == 1 && factor != 0) estimate.note = "one seed";
        images.push_back({factor, {}});
        for (const Result* r : list) images.back().seeds.push_back(&r->correct);
    }
    estimate.variance.reset();
    if (of_a_seed) estimate.variance = Variance{of_a_seed->value * share, of_a_seed->degrees};
    if (const auto of_images = test_images ? image_variance(images) : std::nullopt; of_images && of_a_seed)
        estimate.variance = *estimate.variance + *of_images;
    return estimate;
}

Figure Cells::compared(const std::string& a, const std::string& b, double low, double high) const {
    return mean_over(
        a + " - " + b, networks_with({a, b}), [&](auto& network) { return difference(network, a, b); },
        [&](const Terms& terms) { return estimate(terms); }, low, high);
}

std::string Cells::reference() const {
    std::string largest;
    std::pair<bool, std::size_t> most;  // of bf16, multiplications
    for (const auto& [place, by_seed] : results_)
        for (const auto& [seed, result] : by_seed)
            if (const std::pair rank{std::get<1>(place) == kFloat, result.macs}; rank > most) {
                most = rank;
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
