#include "experiments/aqt/claims.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "engine/models/catalog.hpp"
#include "engine/quant/cost.hpp"
#include "experiments/aqt/fronts.hpp"

namespace nibble::aqt {

namespace {

const std::string kEight = "w8a8", kMostlyFour = "w4a4e8", kAllFour = "w4a4";
constexpr CostModel kModels[] = {CostModel::linear, CostModel::quadratic};
constexpr double kInfinity = std::numeric_limits<double>::infinity();

const std::string kSeedsRule =
    "Seeds are averaged for each network first; their spread is pooled over all networks and methods, and "
    "the "
    "test images' is added, paired. " +
    kVerdictRule;

/// What is left open while cells are missing: a further network may beat what no other beats.
Claim open_until_complete(const Cells& cells, const std::vector<std::string>& methods, Claim claim) {
    std::size_t in_grid = 0, measured = 0;
    for (const std::string& network : cells.networks())
        for (const std::string& method : methods) {
            in_grid += cells.in_grid(network, method);
            measured += !cells.results(network, method).empty();
        }
    const bool some_method_lacks = std::ranges::any_of(methods, [&](const std::string& method) {
        return std::ranges::none_of(cells.networks(), [&](auto& n) { return cells.in_grid(n, method); });
    });
    if (some_method_lacks)
        claim.verdict = {Verdict::Kind::not_attempted, "not in the grid of profile " + cells.profile()};
    else if (measured > 0 && measured < in_grid)
        claim.verdict = {Verdict::Kind::inconclusive,
                         fmt::format("{} of {} networks and methods have results", measured, in_grid)};
    return claim;
}

Claim judged_over(const Cells& cells, const std::vector<std::string>& methods, Claim claim,
                  const std::vector<Figure>& figures) {
    claim.command = rerun_command("aqt", cells.profile(), methods);
    return open_until_complete(cells, methods, judged(std::move(claim), figures));
}

/// For each bf16 network the most accurate one of `method` that costs less, minus it.
Figure lead_at_less_cost(const Cells& cells, const std::string& method, CostModel model) {
    const Front front(cells, method, model);
    std::vector<Part> parts;
    for (const std::string& network : cells.networks_with({kFloat})) {
        auto best = front.below(cost_of(*cells.results(network, kFloat).front(), model));
        if (!best) continue;
        best->terms.push_back({network, kFloat, -1});
        parts.push_back({network, best->terms, best->open});
    }
    return mean_of(
        fmt::format("{} - bf16 ({} cost)", method, to_string(model)), parts,
        [&](const Terms& terms) { return cells.estimate(terms); }, 0);
}

/// The largest of what a minus b costs on any network, in percent of its bf16 cost.
Figure largest_surcharge(const Cells& cells, const std::string& a, const std::string& b, CostModel model) {
    constexpr double kCheap = 2;
    Figure figure{to_string(model) + " cost of " + a + " - " + b, {}, -kInfinity, kCheap};
    figure.unit = "% of bf16";
    for (const std::string& network : cells.networks_with({a, b})) {
        const Result &first = *cells.results(network, a).front(),
                     &second = *cells.results(network, b).front();
        const double surcharge =
            100 * (cost_of(first, model) - cost_of(second, model)) / bf16_cost(first, model);
        if (figure.estimate && surcharge <= figure.estimate->mean) continue;
        figure.estimate = Estimate{surcharge};
        figure.detail = network;
    }
    return figure;
}

}  // namespace

Claim quantized_dominates_bf16(const Cells& cells) {
    std::vector<Figure> figures;
    for (CostModel model : kModels)
        for (const std::string& method : {kEight, kMostlyFour})
            figures.push_back(lead_at_less_cost(cells, method, model));
    Claim claim;
    claim.id = "aqt-1";
    claim.statement =
        "For every bf16 network there are an 8-bit and a mostly-4-bit one that cost less and are more "
        "accurate.";
    claim.source = Source::abstract;
    claim.paper = "yes, on ImageNet; its points are unknown";
    claim.measure =
        "For each bf16 network, test top-1 of the most accurate w8a8 (w4a4e8) network that costs less, minus "
        "its own: above 0, under both cost models. Where that is the last network on the front of its "
        "method, "
        "a value below 0 leaves the claim open: the curve ends there. (Fronts are chosen by the same means, "
        "which no interval covers.) " +
        kSeedsRule;
    return judged_over(cells, {kFloat, kEight, kMostlyFour}, std::move(claim), figures);
}

Claim mostly_4_bit_is_best(const Cells& cells) {
    std::vector<Figure> figures;
    for (CostModel model : kModels)
        for (const std::string& other : {kFloat, kEight})
            figures.push_back(lead_at_equal_cost(cells, kMostlyFour, other, model));
    Claim claim;
    claim.id = "aqt-2";
    claim.statement = "Mostly 4 bits (8 in the first and last layer) give the best cost-accuracy curve.";
    claim.source = Source::abstract;
    claim.paper = "yes, on ImageNet; its points are unknown";
    claim.measure =
        "At the cost of each network on the Pareto front of bf16 and of w8a8, test top-1 of the Pareto front "
        "of "
        "w4a4e8 (linear in the logarithm of the cost between its networks) minus that network's: above 0, "
        "under "
        "both cost models. (The fronts are chosen by the same means, which no interval covers.) Beyond the "
        "end of the front its last network stands in, which can support the "
        "claim "
        "but not speak against it. " +
        kSeedsRule;
    return judged_over(cells, {kFloat, kEight, kMostlyFour}, std::move(claim), figures);
}

Claim quantized_beats_float(const Cells& cells) {
    const std::string papers_network = "resnet50-imagenet";
    constexpr std::size_t kPapersEpochs = 250;
    const std::vector<std::string> methods{kFloat, kEight, kMostlyFour};
    const auto macs = [](const std::string& network) {
        return cost_of(make_model(network), network_bits_of(Numerics::bf16)).total.multiplications;
    };
    // The paper's network, or else the largest one.
    const std::vector<std::string> complete = cells.networks_with(methods);
    std::string network;
    for (const std::string& n : complete)
        if (n == papers_network ||
            (network != papers_network && (network.empty() || macs(n) > macs(network))))
            network = n;

    Figure eight{"w8a8 - w4a4e8", {}}, four{"w4a4e8 - bf16", {}};
    std::size_t trained = 0;
    if (!network.empty()) {
        eight.estimate = cells.estimate(difference(network, kEight, kMostlyFour));
        four.estimate = cells.estimate(difference(network, kMostlyFour, kFloat));
        const auto shown = [&](const std::string& method) {
            return over_seeds(each(cells.results(network, method), top1), 2);
        };
        trained = epochs(*cells.results(network, kFloat).front());
        four.detail = fmt::format("{}, {} epochs: w8a8 {}, w4a4e8 {}, bf16 {} %", network, trained,
                                  shown(kEight), shown(kMostlyFour), shown(kFloat));
    }
    const std::size_t enough = network == papers_network ? kPapersEpochs : kLongEnough;
    Claim claim;
    claim.id = "aqt-3";
    claim.statement =
        "Trained long enough, quantized networks beat the float one, 8 bits by more than mostly 4 bits.";
    claim.source = Source::quoted;
    claim.paper = "ResNet-50, ImageNet, 250 epochs: w8a8 77.43, w4a4e8 77.09, bf16 76.65 %";
    claim.measure = fmt::format(
        "Test top-1 after the last epoch on resnet50-imagenet or, where the profile does not have it, on its "
        "largest network with all three methods; inconclusive for networks trained for fewer than {} epochs "
        "(250 "
        "on ImageNet), since longer training still raises the accuracy of bf16. {}",
        kLongEnough, kSeedsRule);
    claim.command = rerun_command("aqt", cells.profile(), methods);
    claim = judged(std::move(claim), {eight, four});
    if (claim.verdict.kind != Verdict::Kind::not_attempted && trained < enough)
        claim.verdict = {Verdict::Kind::inconclusive,
                         fmt::format("{} epochs are not long enough; about {} would do", trained, enough)};
    return claim;
}

Claim gap_falls_with_precision(const Cells& cells) {
    std::vector<Figure> figures;
    const std::tuple<std::string, double (*)(const Result&), std::string> gaps[] = {
        {"augmented accuracy gap", augmented_gap, "points"},
        {"clean accuracy gap", gap, "points"},
        {"loss gap", loss_gap, "nats"}};
    for (const auto& [name, of, unit] : gaps)
        for (const auto& [a, b] : {std::pair{kFloat, kEight}, {kEight, kMostlyFour}}) {
            Figure f = mean_over(
                fmt::format("{} of {} - {}", name, a, b), cells.networks_with({a, b}),
                [&](auto& network) { return difference(network, a, b); },
                [&](const Terms& terms) { return cells.estimate(terms, of, false); }, 0);
            f.unit = unit;
            figures.push_back(of == augmented_gap ? f : shown_only(f));
        }
    Claim claim;
    claim.id = "aqt-4";
    claim.statement = "The generalization gap (training minus test accuracy) falls with the precision.";
    claim.source = Source::abstract;
    claim.paper = kUnknown;
    claim.measure =
        "How much the gap of the higher precision is larger. Judged on the reference's gap: training top-1 "
        "over "
        "the augmented batches of the last epoch minus test top-1 after it, above 0. Shown beside: training "
        "top-1 "
        "on the images without augmentation minus test top-1, and test loss minus training loss on those "
        "images. "
        "Over seeds alone, not test images. " +
        kSeedsRule;
    return judged_over(cells, {kFloat, kEight, kMostlyFour}, std::move(claim), figures);
}

Claim wide_ends_are_cheap(const Cells& cells) {
    std::vector<Figure> figures;
    for (CostModel model : kModels) {
        figures.push_back(lead_at_equal_cost(cells, kMostlyFour, kAllFour, model));
        figures.push_back(largest_surcharge(cells, kMostlyFour, kAllFour, model));
    }
    Claim claim;
    claim.id = "aqt-5";
    claim.statement = "8 bits in the first and last layer are worth their cost, which is little.";
    claim.source = Source::quoted;
    claim.paper =
        "accuracy unknown; cost, by its model on ResNet-50, +0.7 (linear) and +0.55 (quadratic) % of bf16";
    claim.measure =
        "The front of w4a4e8 over the networks of w4a4 at equal cost, as in aqt-2: above 0; and the largest "
        "difference in cost on one network, less than 2 % of the cost in bf16. Both under both cost "
        "models. " +
        kSeedsRule;
    return judged_over(cells, {kMostlyFour, kAllFour}, std::move(claim), figures);
}

Claim automatic_bounds_suffice(const Cells& cells) {
    constexpr double kSame = 1;
    const std::string fixed = kMostlyFour + "-fixed6", later = kMostlyFour + "-start50";
    Claim claim;
    claim.id = "aqt-6";
    claim.statement =
        "Activation bounds taken from statistics once and then frozen are enough, without tuning, and better "
        "than a fixed 6.0.";
    claim.source = Source::inference;
    claim.paper = kUnknown;
    claim.measure = fmt::format(
        "Test top-1 of w4a4e8 minus w4a4e8-fixed6 (which quantizes from the first step, as the reference): "
        "above "
        "0; and, for how much the moment of freezing matters (19 % or 50 % of training), minus "
        "w4a4e8-start50: "
        "between -{0:g} and {0:g} points. {1}",
        kSame, kSeedsRule);
    return judged_over(
        cells, {kMostlyFour, fixed, later}, std::move(claim),
        {cells.compared(kMostlyFour, fixed, 0), cells.compared(kMostlyFour, later, -kSame, kSame)});
}

Claim mean_of_maxima_is_no_worse(const Cells& cells) {
    constexpr double kWorse = -0.5;
    const std::string magnitude = kMostlyFour + "-abs", mix = kMostlyFour + "-mix50";
    Claim claim;
    claim.id = "aqt-7";
    claim.statement =
        "Bounds from the mean of the batches' maxima, the rule of the reference configurations, are no worse "
        "than the other rules of its code.";
    claim.source = Source::inference;
    claim.paper = kUnknown;
    claim.measure = fmt::format(
        "Test top-1 of w4a4e8 minus w4a4e8-abs (3 times the mean magnitude) and minus w4a4e8-mix50 (half of "
        "it 3 "
        "times the root mean square): above {:g} points. The rule of mean plus k standard deviations is not "
        "built. {}",
        kWorse, kSeedsRule);
    return judged_over(
        cells, {kMostlyFour, magnitude, mix}, std::move(claim),
        {cells.compared(kMostlyFour, magnitude, kWorse), cells.compared(kMostlyFour, mix, kWorse)});
}

Claim narrow_ends_cost_accuracy(const Cells& cells) {
    Claim claim;
    claim.id = "aqt-8";
    claim.statement =
        "4 bits in all layers are less accurate than 4 bits with 8 in the first and last layer.";
    claim.source = Source::inference;
    claim.paper = kUnknown;
    claim.measure = "Test top-1 of w4a4e8 minus w4a4, on the same network: above 0. " + kSeedsRule;
    return judged_over(cells, {kMostlyFour, kAllFour}, std::move(claim),
                       {cells.compared(kMostlyFour, kAllFour, 0)});
}

std::vector<Claim> claims(const Cells& cells) {
    return {quantized_dominates_bf16(cells),   mostly_4_bit_is_best(cells),
            quantized_beats_float(cells),      gap_falls_with_precision(cells),
            wide_ends_are_cheap(cells),        automatic_bounds_suffice(cells),
            mean_of_maxima_is_no_worse(cells), narrow_ends_cost_accuracy(cells)};
}

}  // namespace nibble::aqt
