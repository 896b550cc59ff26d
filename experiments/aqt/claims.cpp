#include "experiments/aqt/claims.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "engine/models/catalog.hpp"
#include "engine/quant/cost.hpp"
#include "experiments/aqt/fronts.hpp"
#include "experiments/reports/comparison.hpp"

namespace nibble::aqt {

namespace {

const std::string kEight = "w8a8", kMostlyFour = "w4a4e8", kAllFour = "w4a4";
constexpr CostModel kModels[] = {CostModel::linear, CostModel::quadratic};
constexpr double kInfinity = std::numeric_limits<double>::infinity();

const std::string kSeedsRule =
    "Seeds are averaged for each network first; their spread is pooled over all networks and methods, and "
    "the test images' is added, paired. " +
    kVerdictRule;

/// What is left open while cells are missing: a further network may beat what no other beats.
Claim open_until_complete(const ResultTable& table, const std::vector<std::string>& methods, Claim claim) {
    std::size_t in_grid = 0, measured = 0;
    for (const std::string& network : table.networks())
        for (const std::string& method : methods) {
            in_grid += table.in_grid(network, method);
            measured += !table.results(network, method).empty();
        }
    const bool some_method_lacks = std::ranges::any_of(methods, [&](const std::string& method) {
        return std::ranges::none_of(table.networks(), [&](auto& n) { return table.in_grid(n, method); });
    });
    if (some_method_lacks)
        claim.verdict = {Verdict::Kind::not_attempted, "not in the grid of profile " + table.profile()};
    else if (measured > 0 && measured < in_grid)
        claim.verdict = {Verdict::Kind::inconclusive,
                         fmt::format("{} of {} networks and methods have results", measured, in_grid)};
    return claim;
}

Claim judged_when_complete(const ResultTable& table, const std::vector<std::string>& methods, Claim claim,
                           const std::vector<Figure>& figures) {
    claim.command = rerun_command("aqt", table.profile(), methods);
    return open_until_complete(table, methods, judged(std::move(claim), figures));
}

/// For each bf16 network the most accurate one of `method` that costs less, minus it.
Figure lead_at_less_cost(const ResultTable& table, const std::string& method, CostModel model) {
    const Front front(table, method, model);
    std::vector<Part> parts;
    for (const std::string& network : table.networks_with_results({kFloat})) {
        auto best = front.below(cost_of(*table.results(network, kFloat).front(), model));
        if (!best) continue;
        best->terms.push_back({network, kFloat, -1});
        parts.push_back({network, best->terms, best->open});
    }
    return mean_of(fmt::format("{} - bf16 ({} cost)", method, to_string(model)), parts, pooled(table), 0);
}

/// The largest of what a minus b costs on any network, in percent of its bf16 cost.
Figure largest_surcharge(const ResultTable& table, const std::string& a, const std::string& b,
                         CostModel model) {
    constexpr double kCheap = 2;
    Figure figure{to_string(model) + " cost of " + a + " - " + b, {}, -kInfinity, kCheap};
    figure.unit = "% of bf16";
    for (const std::string& network : table.networks_with_results({a, b})) {
        const Result &first = *table.results(network, a).front(),
                     &second = *table.results(network, b).front();
        const double surcharge =
            100 * (cost_of(first, model) - cost_of(second, model)) / bf16_cost(first, model);
        if (figure.estimate && surcharge <= figure.estimate->mean) continue;
        figure.estimate = Estimate{surcharge};
        figure.detail = network;
    }
    return figure;
}

}  // namespace

Claim quantized_dominates_bf16(const ResultTable& table) {
    std::vector<Figure> figures;
    for (CostModel model : kModels)
        for (const std::string& method : {kEight, kMostlyFour})
            figures.push_back(lead_at_less_cost(table, method, model));
    Claim claim{.id = "aqt-1", .source = Source::abstract};
    claim.statement =
        "For every bf16 network there are an 8-bit and a mostly-4-bit one that cost less and are more "
        "accurate.";
    claim.paper = "yes, on ImageNet; its points are unknown";
    claim.measure =
        "For each bf16 network, test top-1 of the most accurate w8a8 (w4a4e8) network that costs less, minus "
        "its own: above 0, under both cost models. Where that is the last network on the front of its "
        "method, a value below 0 leaves the claim open: the curve ends there. (Fronts are chosen by the same "
        "means, which no interval covers.) " +
        kSeedsRule;
    return judged_when_complete(table, {kFloat, kEight, kMostlyFour}, std::move(claim), figures);
}

Claim mostly_4_bit_is_best(const ResultTable& table) {
    std::vector<Figure> figures;
    for (CostModel model : kModels)
        for (const std::string& other : {kFloat, kEight})
            figures.push_back(lead_at_equal_cost(table, kMostlyFour, other, model));
    Claim claim{.id = "aqt-2", .source = Source::abstract};
    claim.statement = "Mostly 4 bits (8 in the first and last layer) give the best cost-accuracy curve.";
    claim.paper = "yes, on ImageNet; its points are unknown";
    claim.measure =
        "At the cost of each network on the Pareto front of bf16 and of w8a8, test top-1 of the Pareto front "
        "of w4a4e8 (linear in the logarithm of the cost between its networks) minus that network's: above 0, "
        "under both cost models. (The fronts are chosen by the same means, which no interval covers.) Beyond "
        "the end of the front its last network stands in, which can support the claim but not speak against "
        "it. " +
        kSeedsRule;
    return judged_when_complete(table, {kFloat, kEight, kMostlyFour}, std::move(claim), figures);
}

Claim quantized_beats_float(const ResultTable& table) {
    const std::string papers_network = "resnet50-imagenet";
    constexpr std::size_t kPapersEpochs = 250;
    const std::vector<std::string> methods{kFloat, kEight, kMostlyFour};
    const auto macs = [](const std::string& network) {
        return cost_of(make_model(network), network_bits_of(Numerics::bf16)).total.multiplications;
    };
    // The paper's network, or else the largest one.
    const std::vector<std::string> complete = table.networks_with_results(methods);
    std::string network;
    for (const std::string& n : complete)
        if (n == papers_network ||
            (network != papers_network && (network.empty() || macs(n) > macs(network))))
            network = n;

    Figure eight{"w8a8 - w4a4e8", {}}, four{"w4a4e8 - bf16", {}};
    std::size_t trained = 0;
    if (!network.empty()) {
        const EstimateOf estimate = pooled(table);
        eight.estimate = estimate(difference(network, kEight, kMostlyFour));
        four.estimate = estimate(difference(network, kMostlyFour, kFloat));
        const auto shown = [&](const std::string& method) {
            return over_seeds(table.values(network, method), 2);
        };
        trained = table.results(network, kFloat).front()->history.size();
        four.detail = fmt::format("{}, {} epochs: w8a8 {}, w4a4e8 {}, bf16 {} %", network, trained,
                                  shown(kEight), shown(kMostlyFour), shown(kFloat));
    }
    const std::size_t enough = network == papers_network ? kPapersEpochs : kLongEnough;
    Claim claim{.id = "aqt-3", .source = Source::quoted};
    claim.statement =
        "Trained long enough, quantized networks beat the float one, 8 bits by more than mostly 4 bits.";
    claim.paper = "ResNet-50, ImageNet, 250 epochs: w8a8 77.43, w4a4e8 77.09, bf16 76.65 %";
    claim.measure = fmt::format(
        "Test top-1 after the last epoch on resnet50-imagenet or, where the profile does not have it, on its "
        "largest network with all three methods; inconclusive for networks trained for fewer than {} epochs "
        "(250 on ImageNet), since longer training still raises the accuracy of bf16. {}",
        kLongEnough, kSeedsRule);
    claim.command = rerun_command("aqt", table.profile(), methods);
    claim = judged(std::move(claim), {eight, four});
    if (claim.verdict.kind != Verdict::Kind::not_attempted && trained < enough)
        claim.verdict = {Verdict::Kind::inconclusive,
                         fmt::format("{} epochs are not long enough; about {} would do", trained, enough)};
    return claim;
}

Claim gap_falls_with_precision(const ResultTable& table) {
    std::vector<Figure> figures;
    const std::tuple<std::string, double (*)(const Result&), std::string> gaps[] = {
        {"augmented accuracy gap", augmented_gap, "points"},
        {"clean accuracy gap", gap, "points"},
        {"loss gap", loss_gap, "nats"}};
    for (const auto& [name, of, unit] : gaps)
        for (const auto& [a, b] : {std::pair{kFloat, kEight}, {kEight, kMostlyFour}}) {
            Figure f = mean_over(
                fmt::format("{} of {} - {}", name, a, b), table.networks_with_results({a, b}),
                [&](auto& network) { return difference(network, a, b); }, pooled(table, of, false), 0);
            f.unit = unit;
            figures.push_back(of == augmented_gap ? f : shown_only(f));
        }
    Claim claim{.id = "aqt-4", .source = Source::abstract, .paper = kUnknown};
    claim.statement = "The generalization gap (training minus test accuracy) falls with the precision.";
    claim.measure =
        "How much the gap of the higher precision is larger. Judged on the reference's gap: training top-1 "
        "over the augmented batches of the last epoch minus test top-1 after it, above 0. Shown beside: "
        "training top-1 on the images without augmentation minus test top-1, and test loss minus training "
        "loss on those images. Over seeds alone, not test images. " +
        kSeedsRule;
    return judged_when_complete(table, {kFloat, kEight, kMostlyFour}, std::move(claim), figures);
}

Claim wide_ends_are_cheap(const ResultTable& table) {
    std::vector<Figure> figures;
    for (CostModel model : kModels) {
        figures.push_back(lead_at_equal_cost(table, kMostlyFour, kAllFour, model));
        figures.push_back(largest_surcharge(table, kMostlyFour, kAllFour, model));
    }
    Claim claim{.id = "aqt-5", .source = Source::quoted};
    claim.statement = "8 bits in the first and last layer are worth their cost, which is little.";
    claim.paper =
        "accuracy unknown; cost, by its model on ResNet-50, +0.7 (linear) and +0.55 (quadratic) % of bf16";
    claim.measure =
        "The front of w4a4e8 over the networks of w4a4 at equal cost, as in aqt-2: above 0; and the largest "
        "difference in cost on one network, less than 2 % of the cost in bf16. Both under both cost "
        "models. " +
        kSeedsRule;
    return judged_when_complete(table, {kMostlyFour, kAllFour}, std::move(claim), figures);
}

Claim automatic_bounds_suffice(const ResultTable& table) {
    constexpr double kSame = 1;
    const std::string fixed = kMostlyFour + "-fixed6", later = kMostlyFour + "-start50";
    Claim claim{.id = "aqt-6", .source = Source::inference, .paper = kUnknown};
    claim.statement =
        "Activation bounds taken from statistics once and then frozen are enough, without tuning, and better "
        "than a fixed 6.0.";
    claim.measure = fmt::format(
        "Test top-1 of w4a4e8 minus w4a4e8-fixed6 (which quantizes from the first step, as the reference): "
        "above 0; and, for how much the moment of freezing matters (19 % or 50 % of training), minus "
        "w4a4e8-start50: between -{0:g} and {0:g} points. {1}",
        kSame, kSeedsRule);
    return judged_when_complete(table, {kMostlyFour, fixed, later}, std::move(claim),
                                {compared(table, pooled(table), kMostlyFour, fixed, 0),
                                 compared(table, pooled(table), kMostlyFour, later, -kSame, kSame)});
}

Claim mean_of_maxima_is_no_worse(const ResultTable& table) {
    constexpr double kWorse = -0.5;
    const std::string magnitude = kMostlyFour + "-abs", mix = kMostlyFour + "-mix50";
    Claim claim{.id = "aqt-7", .source = Source::inference, .paper = kUnknown};
    claim.statement =
        "Bounds from the mean of the batches' maxima, the rule of the reference configurations, are no worse "
        "than the other rules of its code.";
    claim.measure = fmt::format(
        "Test top-1 of w4a4e8 minus w4a4e8-abs (3 times the mean magnitude) and minus w4a4e8-mix50 (half of "
        "it 3 times the root mean square): above {:g} points. The rule of mean plus k standard deviations is "
        "not built. {}",
        kWorse, kSeedsRule);
    return judged_when_complete(table, {kMostlyFour, magnitude, mix}, std::move(claim),
                                {compared(table, pooled(table), kMostlyFour, magnitude, kWorse),
                                 compared(table, pooled(table), kMostlyFour, mix, kWorse)});
}

Claim narrow_ends_cost_accuracy(const ResultTable& table) {
    Claim claim{.id = "aqt-8", .source = Source::inference, .paper = kUnknown};
    claim.statement =
        "4 bits in all layers are less accurate than 4 bits with 8 in the first and last layer.";
    claim.measure = "Test top-1 of w4a4e8 minus w4a4, on the same network: above 0. " + kSeedsRule;
    return judged_when_complete(table, {kMostlyFour, kAllFour}, std::move(claim),
                                {compared(table, pooled(table), kMostlyFour, kAllFour, 0)});
}

std::vector<Claim> claims(const ResultTable& table) {
    return {quantized_dominates_bf16(table),   mostly_4_bit_is_best(table),
            quantized_beats_float(table),      gap_falls_with_precision(table),
            wide_ends_are_cheap(table),        automatic_bounds_suffice(table),
            mean_of_maxima_is_no_worse(table), narrow_ends_cost_accuracy(table)};
}

}  // namespace nibble::aqt
