#include "experiments/aqt/claims.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "engine/models/catalog.hpp"
#include "engine/quant/cost.hpp"
#include "experiments/harness/pareto.hpp"
#include "experiments/harness/statistics.hpp"

namespace nibble::aqt {

namespace {

const std::string kEight = "w8a8", kMostlyFour = "w4a4e8", kAllFour = "w4a4";
constexpr CostModel kModels[] = {CostModel::linear, CostModel::quadratic};

std::string name_of(CostModel model) {
    return model == CostModel::linear ? "linear" : "quadratic";
}

std::string rule_text(double threshold) {
    return fmt::format(
        "Reproduced when every difference is above {:g} points, not reproduced as soon as one is below, each "
        "with the whole of its interval: over the seeds, or of a single seed {:g} points to both sides. "
        "Otherwise inconclusive, as it is while a network of the grid lacks results.",
        threshold, kMargin);
}

/// In one seed, the networks of a panel under one method.
std::vector<CostPoint> points_of(const Cells& cells, const Panel& panel, const std::string& method,
                                 CostModel model, std::uint64_t seed) {
    std::vector<CostPoint> points;
    for (const std::string& network : panel.networks) {
        const Result* r = cells.find(network, method, seed);
        points.push_back({cost_of(*r, model), r->top1});
    }
    return points;
}

/// a minus b, mean over the networks that have both: one value a seed.
Figure mean_difference(const Cells& cells, const std::string& a, const std::string& b, const Quantity& of,
                       const std::string& of_what = "") {
    const Panel panel = cells.panel({a, b});
    Figure figure{of_what + a + " - " + b, {}};
    figure.margin = kMargin;
    for (std::uint64_t seed : panel.seeds) {
        double sum = 0;
        for (const std::string& network : panel.networks)
            sum += *of(*cells.find(network, a, seed)) - *of(*cells.find(network, b, seed));
        figure.values.push_back(sum / static_cast<double>(panel.networks.size()));
    }
    if (panel.networks.size() == 1) figure.detail = "(" + panel.networks.front() + ")";
    if (panel.networks.size() > 1 && !panel.seeds.empty()) {
        for (const std::string& network : panel.networks)
            figure.detail += fmt::format("{}{} {:+.2f}", figure.detail.empty() ? "(" : ", ", network,
                                         summarize(cells.differences(network, a, b, of)).mean);
        figure.detail += ")";
    }
    return figure;
}

/// The largest of what a minus b costs on any network, in percent of its bf16 cost.
Figure largest_surcharge(const Cells& cells, const std::string& a, const std::string& b, CostModel model) {
    const Panel panel = cells.panel({a, b});
    Figure figure{name_of(model) + " cost of " + a + " - " + b, {}};
    figure.unit = "% of bf16";
    if (panel.seeds.empty()) return figure;
    double largest = 0;
    for (const std::string& network : panel.networks) {
        const Result &first = *cells.find(network, a, panel.seeds.front()),
                     &second = *cells.find(network, b, panel.seeds.front());
        const double surcharge =
            100 * (cost_of(first, model) - cost_of(second, model)) / bf16_cost(first, model);
        if (!figure.detail.empty() && surcharge <= largest) continue;
        largest = surcharge;
        figure.detail = "(" + network + ")";
    }
    figure.values = {largest};
    return figure;
}

/// Open until all networks have results: a further one moves means, and may beat what no other beats.
Claim open_until_complete(const Cells& cells, const std::vector<std::string>& methods, Claim claim) {
    const auto in_grid = std::ranges::count_if(cells.networks(), [&](const std::string& network) {
        return std::ranges::all_of(methods, [&](const auto& m) { return cells.in_grid(network, m); });
    });
    const auto measured = std::ssize(cells.panel(methods).networks);
    if (in_grid == 0)
        claim.verdict = {Verdict::Kind::not_attempted, "not in the grid of profile " + cells.profile()};
    else if (measured > 0 && measured < in_grid)
        claim.verdict = {Verdict::Kind::inconclusive,
                         fmt::format("{} of {} networks have results", measured, in_grid)};
    return claim;
}

Claim judged_over(const Cells& cells, const std::vector<std::string>& methods, Claim claim,
                  const std::vector<Figure>& figures) {
    claim.command = rerun_command("aqt", cells.profile(), methods);
    return open_until_complete(cells, methods, judged(std::move(claim), figures));
}

}  // namespace

Claim quantized_dominates_bf16(const Cells& cells) {
    const std::vector<std::string> methods{kFloat, kEight, kMostlyFour};
    const Panel panel = cells.panel(methods);
    std::vector<Figure> figures;
    for (CostModel model : kModels)
        for (const std::string& method : {kEight, kMostlyFour}) {
            Figure lead{fmt::format("{} ({} cost)", method, name_of(model)), {}};
            lead.margin = kMargin;
            std::size_t beaten = 0, compared = 0;
            for (std::uint64_t seed : panel.seeds) {
                const auto quantized = points_of(cells, panel, method, model, seed);
                double smallest = std::numeric_limits<double>::infinity();
                for (const CostPoint& p : points_of(cells, panel, kFloat, model, seed)) {
                    double best = -std::numeric_limits<double>::infinity();
                    for (const CostPoint& q : quantized)
                        if (q.cost < p.cost) best = std::max(best, q.value);
                    smallest = std::min(smallest, best - p.value);
                    beaten += best > p.value ? 1 : 0;
                    ++compared;
                }
                lead.values.push_back(smallest);
            }
            lead.detail = fmt::format("({} of {} bf16 results beaten)", beaten, compared);
            figures.push_back(std::move(lead));
        }
    Claim claim;
    claim.id = "aqt-1";
    claim.statement =
        "For every bf16 network there are an 8-bit and a mostly-4-bit one that cost less and are more "
        "accurate.";
    claim.paper = "yes, on ImageNet; its points are unknown";
    claim.measure =
        "For each bf16 network, the best test top-1 among the networks of w8a8 (of w4a4e8) that cost less, "
        "minus its own; stated is the smallest of these leads over the bf16 networks, under both cost "
        "models. " +
        rule_text(0);
    return judged_over(cells, methods, std::move(claim), figures);
}

namespace {

/// How far the curve of mostly 4 bits is above the points of another method, at equal cost.
struct Leads {
    Figure smallest;
    std::size_t left_out = 0;
    bool beyond = false;  ///< a result that is left out is more accurate than the front
};

Leads leads_over(const Cells& cells, const Panel& panel, const std::string& other, CostModel model) {
    Leads leads{{fmt::format("over {} ({} cost)", other, name_of(model)), {}}};
    leads.smallest.margin = kMargin;
    std::size_t compared = 0;
    for (std::uint64_t seed : panel.seeds) {
        const auto points = points_of(cells, panel, kMostlyFour, model, seed);
        std::vector<CostPoint> front;
        for (std::size_t i : pareto_front(points)) front.push_back(points[i]);
        double dearest = 0;  // of all; the front may end before it
        for (const CostPoint& p : points) dearest = std::max(dearest, p.cost);
        std::optional<double> smallest;
        for (const CostPoint& p : points_of(cells, panel, other, model, seed)) {
            std::optional<double> ours = value_at(front, p.cost);
            const CostPoint& best = front.back();
            if (!ours && p.cost > best.cost && (p.cost <= dearest || best.value > p.value)) ours = best.value;
            if (!ours) {
                ++leads.left_out;
                leads.beyond = leads.beyond || p.value >= best.value;
                continue;
            }
            ++compared;
            smallest = std::min(smallest.value_or(std::numeric_limits<double>::infinity()), *ours - p.value);
        }
        if (smallest) leads.smallest.values.push_back(*smallest);
    }
    leads.smallest.detail = fmt::format("({} of {} results compared)", compared, compared + leads.left_out);
    return leads;
}

}  // namespace

Claim mostly_4_bit_is_best(const Cells& cells) {
    const std::vector<std::string> methods{kFloat, kEight, kMostlyFour};
    const Panel panel = cells.panel(methods);
    std::vector<Figure> figures;
    std::string apart;  // curves that no range of costs joins
    bool beyond = false;
    for (CostModel model : kModels)
        for (const std::string& other : {kFloat, kEight}) {
            const Leads leads = leads_over(cells, panel, other, model);
            if (leads.smallest.values.empty() && leads.left_out > 0)
                apart += (apart.empty() ? "" : "; ") + leads.smallest.what;
            beyond = beyond || leads.beyond;
            figures.push_back(leads.smallest);
        }
    Claim claim;
    claim.id = "aqt-2";
    claim.statement = "Mostly 4 bits (8 in the first and last layer) give the best cost-accuracy curve.";
    claim.paper = "yes, on ImageNet; its points are unknown";
    claim.measure =
        "At the cost of each bf16 and w8a8 network, the test top-1 of the Pareto front of w4a4e8 (linear in "
        "the logarithm of the cost between its networks) minus that network's; stated is the smallest of "
        "these "
        "leads, under both cost models. Dearer networks than every w4a4e8 one are compared with its most "
        "accurate where that is better, and left out otherwise (the claim is open then), as are cheaper ones "
        "than every w4a4e8 one: the front does not reach there. " +
        rule_text(0);
    claim.command = rerun_command("aqt", cells.profile(), methods);
    claim = judged(std::move(claim), figures);
    if (beyond && claim.verdict.kind == Verdict::Kind::reproduced)
        claim.verdict = {Verdict::Kind::inconclusive,
                         "dearer results are more accurate than the front reaches"};
    if (!apart.empty()) {
        std::erase_if(figures, [](const Figure& f) { return f.values.empty(); });
        claim.verdict = judge(figures);
        if (claim.verdict.kind != Verdict::Kind::not_reproduced)
            claim.verdict = {Verdict::Kind::inconclusive, "no costs in common: " + apart};
    }
    return open_until_complete(cells, methods, std::move(claim));
}

Claim quantized_beats_float(const Cells& cells) {
    const std::string papers_network = "resnet50-imagenet";
    const std::vector<std::string> methods{kFloat, kEight, kMostlyFour};
    Panel panel = cells.panel(methods);
    const auto found = std::find(panel.networks.begin(), panel.networks.end(), papers_network);
    const auto macs = [](const std::string& network) {
        return cost_of(make_model(network), network_bits_of(Numerics::bf16)).total.multiplications;
    };
    std::string network;
    if (found != panel.networks.end())
        network = *found;
    else
        for (const std::string& n : panel.networks)
            if (network.empty() || macs(n) > macs(network)) network = n;

    Figure eight{"w8a8 - w4a4e8", {}}, four{"w4a4e8 - bf16", {}};
    if (!network.empty()) {
        eight.values = cells.differences(network, kEight, kMostlyFour, top1);
        four.values = cells.differences(network, kMostlyFour, kFloat, top1);
        const auto shown = [&](const std::string& method) {
            return over_seeds(each(cells.results(network, method), top1), 2);
        };
        four.detail = fmt::format("({}: w8a8 {}, w4a4e8 {}, bf16 {} %)", network, shown(kEight),
                                  shown(kMostlyFour), shown(kFloat));
    }
    eight.margin = four.margin = kMargin;
    Claim claim;
    claim.id = "aqt-3";
    claim.statement =
        "Trained long enough, quantized networks beat the float one, 8 bits by more than mostly 4 bits.";
    claim.paper = "ResNet-50, ImageNet, 250 epochs: w8a8 77.43, w4a4e8 77.09, bf16 76.65 %";
    claim.measure =
        "Test top-1 after the last epoch on resnet50-imagenet or, where the profile does not have it, on its "
        "largest network. " +
        rule_text(0);
    claim.command = rerun_command("aqt", cells.profile(), methods);
    claim = judged(std::move(claim), {eight, four});
    const bool larger_ones =
        !network.empty() && network != papers_network &&
        std::ranges::any_of(cells.networks(), [&](auto& n) { return macs(n) > macs(network); });
    if (claim.verdict.kind != Verdict::Kind::not_attempted && larger_ones)
        claim.verdict = {Verdict::Kind::inconclusive, "a larger network has no results yet"};
    return claim;
}

Claim gap_falls_with_precision(const Cells& cells) {
    Claim claim;
    claim.id = "aqt-4";
    claim.statement = "The generalization gap (training minus test accuracy) falls with the precision.";
    claim.paper = kUnknown;
    claim.measure =
        "Training top-1 (on images without augmentation) minus test top-1 after the last epoch, mean over "
        "the "
        "networks. " +
        rule_text(0);
    return judged_over(cells, {kFloat, kEight, kMostlyFour}, std::move(claim),
                       {mean_difference(cells, kFloat, kEight, gap, "gap of "),
                        mean_difference(cells, kEight, kMostlyFour, gap, "gap of ")});
}

Claim wide_ends_are_cheap(const Cells& cells) {
    constexpr double kCheap = 2;
    std::vector<Figure> figures{mean_difference(cells, kMostlyFour, kAllFour, top1, "top-1 of ")};
    for (CostModel model : kModels) {
        figures.push_back(largest_surcharge(cells, kMostlyFour, kAllFour, model));
        figures.back().low = -std::numeric_limits<double>::infinity();
        figures.back().high = kCheap;
    }
    Claim claim;
    claim.id = "aqt-5";
    claim.statement = "8 bits in the first and last layer cost little and help accuracy.";
    claim.paper =
        "accuracy unknown; cost, by its model on ResNet-50, +0.7 (linear) and +0.55 (quadratic) % of bf16";
    claim.measure = fmt::format(
        "w4a4e8 beside w4a4: test top-1, mean over the networks, and the largest difference in cost over the "
        "networks, which must be less than {:g} % of the cost in bf16 under both models. {}",
        kCheap, rule_text(0));
    return judged_over(cells, {kMostlyFour, kAllFour}, std::move(claim), figures);
}

Claim automatic_bounds_suffice(const Cells& cells) {
    constexpr double kSame = 1;
    const std::string fixed = kMostlyFour + "-fixed6", later = kMostlyFour + "-start50";
    std::vector<Figure> figures{mean_difference(cells, kMostlyFour, fixed, top1),
                                mean_difference(cells, kMostlyFour, later, top1)};
    figures[1].low = -kSame;
    figures[1].high = kSame;
    Claim claim;
    claim.id = "aqt-6";
    claim.statement =
        "Activation bounds taken from statistics once and then frozen are enough, without tuning, and better "
        "than a fixed 6.0.";
    claim.paper = kUnknown;
    claim.measure = fmt::format(
        "Test top-1 of w4a4e8 minus w4a4e8-fixed6, and, for how much the moment of freezing matters (19 % or "
        "50 % of training), minus w4a4e8-start50, which must be between -{0:g} and {0:g} points; mean over "
        "the networks that have both. {1}",
        kSame, rule_text(0));
    return judged_over(cells, {kMostlyFour, fixed, later}, std::move(claim), figures);
}

Claim mean_of_maxima_is_no_worse(const Cells& cells) {
    constexpr double kWorse = -0.5;
    const std::string magnitude = kMostlyFour + "-abs", mix = kMostlyFour + "-mix50";
    std::vector<Figure> figures{mean_difference(cells, kMostlyFour, magnitude, top1),
                                mean_difference(cells, kMostlyFour, mix, top1)};
    for (Figure& f : figures) f.low = kWorse;
    Claim claim;
    claim.id = "aqt-7";
    claim.statement =
        "Bounds from the mean of the batches' maxima, the rule of the reference configurations, are no worse "
        "than the other rules of its code.";
    claim.paper = kUnknown;
    claim.measure =
        "Test top-1 of w4a4e8 minus w4a4e8-abs (3 times the mean magnitude) and minus w4a4e8-mix50 (half of "
        "it "
        "3 times the root mean square); mean over the networks that have both. The rule of mean plus k "
        "standard deviations is not built. " +
        rule_text(kWorse);
    return judged_over(cells, {kMostlyFour, magnitude, mix}, std::move(claim), figures);
}

Claim narrow_ends_cost_accuracy(const Cells& cells) {
    Claim claim;
    claim.id = "aqt-8";
    claim.statement =
        "4 bits in all layers are less accurate than 4 bits with 8 in the first and last layer.";
    claim.paper = kUnknown;
    claim.measure = "Test top-1 of w4a4e8 minus w4a4, mean over the networks. " + rule_text(0);
    return judged_over(cells, {kMostlyFour, kAllFour}, std::move(claim),
                       {mean_difference(cells, kMostlyFour, kAllFour, top1)});
}

std::vector<Claim> claims(const Cells& cells) {
    return {quantized_dominates_bf16(cells),   mostly_4_bit_is_best(cells),
            quantized_beats_float(cells),      gap_falls_with_precision(cells),
            wide_ends_are_cheap(cells),        automatic_bounds_suffice(cells),
            mean_of_maxima_is_no_worse(cells), narrow_ends_cost_accuracy(cells)};
}

}  // namespace nibble::aqt
