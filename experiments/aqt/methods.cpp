#include "experiments/aqt/methods.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/quant/aqt/method.hpp"
#include "experiments/aqt/smoothing.hpp"

namespace nibble::aqt {

namespace {

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
        if (std::ranges::find(known, choice) != known.end()) return choice;
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

double train_top1(const Result& result) {
    return result.train.top1;
}

double gap(const Result& result) {
    return result.generalization_gap();
}

double augmented_gap(const Result& result) {
    return result.history.back().train_top1 - result.eval.top1;
}

double loss_gap(const Result& result) {
    return result.eval.loss - result.train.loss;
}

std::optional<double> smoothed(const Result& result) {
    return smoothed_maximum(result.history);
}

double cost_of(const Result& result, CostModel model) {
    return static_cast<double>(model == CostModel::linear ? result.cost.linear : result.cost.quadratic);
}

double bf16_cost(const Result& result, CostModel model) {
    return static_cast<double>(result.cost.macs) * (model == CostModel::linear ? 16 : 16 * 16);
}

std::string reference_of(const ResultTable& table) {
    std::string largest;
    std::pair<bool, std::size_t> most;  // of bf16, multiplications
    for (const std::string& network : table.networks())
        for (const std::string& method : table.methods())
            for (const Result* result : table.results(network, method))
                if (const std::pair rank{method == kFloat, result->cost.macs}; rank > most) {
                    most = rank;
                    largest = network;
                }
    return largest;
}

}  // namespace nibble::aqt
