#include "experiments/mmse/claims.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "experiments/support/statistics.hpp"

namespace nibble::mmse {

namespace {

const double kNever = std::numeric_limits<double>::infinity();

/// The mean over networks of what terms say of each.
Figure over_networks(const ResultTable& table, const std::string& what,
                     const std::vector<std::string>& methods,
                     const std::function<Terms(const std::string&)>& terms, double low,
                     double high = kNever) {
    return mean_over(what, table.networks_in_grid(methods), terms, paired(table), low, high);
}

/// (a - b) - (c - d), claimed to be positive.
Figure gain(const ResultTable& table, const std::string& a, const std::string& b, const std::string& c,
            const std::string& d) {
    return over_networks(
        table, fmt::format("({} - {}) - ({} - {})", a, b, c, d), {a, b, c, d},
        [&](const std::string& n) {
            return Terms{{n, a}, {n, b, -1}, {n, c, -1}, {n, d}};
        },
        0);
}

/// How much larger the weights' error is than with the exact solver, in percent; on each network.
std::vector<Figure> excess(const ResultTable& table, const std::string& method, double low, double high) {
    const std::string exact = "w4a8e8";
    std::vector<Figure> figures;
    for (const std::string& network : table.networks_in_grid({method, exact})) {
        const auto a = table.results(network, method), b = table.results(network, exact);
        Figure f{fmt::format("error of {} above the exact one on {}", to_string(method_from(method).solver),
                             network),
                 {},
                 low,
                 high};
        f.unit = "%";
        if (!a.empty() && !b.empty())
            f.estimate =
                nibble::Estimate{100 * (mean_weight_error(*a.front()) / mean_weight_error(*b.front()) - 1)};
        figures.push_back(std::move(f));
    }
    return figures;
}

}  // namespace

Claim four_bits_without_training(const ResultTable& table) {
    constexpr double kPaper = -3.7;
    Claim claim{.id = "mmse-1", .source = Source::abstract};
    claim.statement = "Networks run with 4-bit weights without any training, at a minimal loss of accuracy.";
    claim.paper =
        "ImageNet, with refined scales, as AdaRound quotes it: ResNet-18 -2.6, ResNet-50 -1.4, Inception-v3 "
        "-3.7 points";
    claim.measure = fmt::format(
        "Test top-1 of 4-bit weights per kernel, refined, minus float: above {:g} points, the paper's "
        "largest loss. Shown beside: not refined. {}",
        kPaper, kVerdictRule);
    return judged_over(table, {kFloat, "w4e8", "w4e8-refined"}, std::move(claim),
                       {compared(table, "w4e8-refined", kFloat, kPaper),
                        shown_only(compared(table, "w4e8", kFloat, kPaper))});
}

Claim mmse_beats_max_abs(const ResultTable& table) {
    std::vector<Figure> figures;
    std::vector<std::string> methods{"w4e8", "w4e8-pt", "w3a8e8", "w4a8e8"};
    for (const std::string rule : {"-wmaxabs", "-wmaxabsfull"}) {
        figures.push_back(compared(table, "w4e8", "w4e8" + rule, 0));
        figures.push_back(compared(table, "w4e8-pt", "w4e8-pt" + rule, 0));
        figures.push_back(gain(table, "w3a8e8", "w3a8e8" + rule, "w4a8e8", "w4a8e8" + rule));
        for (const char* base : {"w4e8", "w4e8-pt", "w3a8e8", "w4a8e8"}) methods.push_back(base + rule);
    }
    Claim claim{.id = "mmse-2", .source = Source::memory, .paper = "yes; its points are unknown"};
    claim.statement = "Scales of minimal squared error beat max-abs, the more the fewer bits there are.";
    claim.measure =
        "Test top-1 of MMSE minus max-abs, 4-bit weights, per kernel and per tensor; and this gain at 3 bits "
        "minus that at 4 bits (activations in 8 bits): each above 0. For both forms of max-abs that are in "
        "use, max / (2^(p-1) - 1) and 2 max / (2^p - 1) (-wmaxabsfull). " +
        kVerdictRule;
    return judged_over(table, methods, std::move(claim), figures);
}

Claim channel_scales_matter_more(const ResultTable& table) {
    const std::string base = "w4e8-pt-wmaxabs", channels = "w4e8-wmaxabs", mmse = "w4e8-pt", both = "w4e8";
    Claim claim{.id = "mmse-3", .source = Source::memory, .paper = "yes; its points are unknown"};
    claim.statement = "A scale per kernel beats one per tensor, by more than MMSE beats max-abs.";
    claim.measure =
        "Test top-1, 4-bit weights, from one base, max-abs per tensor (w4e8-pt-wmaxabs): what kernels add "
        "(w4e8-wmaxabs), above 0; and that minus what MMSE adds (w4e8-pt), above 0. The main effects, each "
        "change averaged over both states of the other, differ by the same: their difference is w4e8-wmaxabs "
        "- w4e8-pt, too. Shown beside: what MMSE adds to the base, and both together. " +
        kVerdictRule;
    return judged_over(
        table, {base, channels, mmse, both}, std::move(claim),
        {compared(table, channels, base, 0), compared(table, channels, mmse, 0),
         shown_only(compared(table, mmse, base, 0)), shown_only(compared(table, both, base, 0))});
}

Claim alternating_gets_stuck(const ResultTable& table) {
    constexpr double kWorse = 0.5, kSame = 0.1;
    std::vector<Figure> figures = excess(table, "w4a8e8-walternating", kWorse, kNever);
    for (Figure& f : excess(table, "w4a8e8-wgrid", -kNever, kSame)) figures.push_back(std::move(f));
    Claim claim{.id = "mmse-4", .source = Source::memory, .paper = "yes; its figures are unknown"};
    claim.statement =
        "Alternating minimization gets stuck in local minima; a line search is as good as anything.";
    claim.measure = fmt::format(
        "Relative squared error of 4-bit weights per kernel, mean over the layers, above that of the exact "
        "solver: more than {:g} % from alternating, less than {:g} % from a grid of 200 scales. No interval: "
        "nothing is drawn.",
        kWorse, kSame);
    return judged_over(table, {"w4a8e8", "w4a8e8-walternating", "w4a8e8-wgrid"}, std::move(claim), figures);
}

Claim few_duals_suffice(const ResultTable& table) {
    constexpr double kMost = 0.5, kSmall = 20;
    const std::string single = "w4e8", dual = "w4e8-dual10";
    std::vector<Figure> figures;
    // More than half of the loss is recovered: (dual - single) - (float - single) / 2 > 0, which has an interval
    // even where almost nothing was lost.
    figures.push_back(over_networks(
        table, "recovered beyond half of the loss", {single, dual, kFloat},
        [&](const std::string& n) {
            return Terms{{n, dual}, {n, single, kMost - 1}, {n, kFloat, -kMost}};
        },
        0));
    figures.push_back(shown_only(compared(table, kFloat, single, 0)));
    figures.push_back(shown_only(compared(table, dual, single, 0)));
    for (const std::string& network : table.networks_in_grid({dual})) {
        Figure f{"products more on " + network, {}, -kNever, kSmall};
        f.unit = "%";
        if (const auto r = table.results(network, dual); !r.empty())
            f.estimate = nibble::Estimate{100 * (r.front()->quantization->product_overhead - 1)};
        figures.push_back(std::move(f));
    }
    Claim claim{.id = "mmse-5", .source = Source::abstract, .paper = "yes; its points are unknown"};
    claim.statement =
        "Dual tensors for a few badly approximated kernels recover most of the loss at a small overhead.";
    claim.measure = fmt::format(
        "With the worst 10 % of all kernels dual: test top-1 gained over single 4-bit kernels, minus half of "
        "what these lose against float: above 0; products more, less than {:g} %. {}",
        kSmall, kVerdictRule);
    return judged_over(table, {kFloat, single, dual}, std::move(claim), figures);
}

Claim refinement_helps(const ResultTable& table) {
    const std::string single = "w4e8", refined = "w4e8-refined";
    std::vector<Figure> figures;
    std::vector<std::string> methods{single};
    for (const std::string images : {"-cal16", "-cal64", "", "-cal1024"}) {
        if (table.networks_in_grid({refined + images, single}).empty()) continue;
        methods.push_back(refined + images);
        figures.push_back(compared(table, refined + images, single, 0));
    }
    Claim claim{.id = "mmse-6", .source = Source::quoted};
    claim.statement = "Tuning the scales on a small unlabelled set helps and does not overfit.";
    claim.paper =
        "ImageNet, 4-bit weights, as AdaRound quotes it: 67.12 (ResNet-18), 74.67 (ResNet-50), 73.66 % "
        "(Inception-v3) with it";
    claim.measure =
        "Test top-1, 4-bit weights per kernel: refined on 16, 64, 1024 images and the usual number (512, "
        "where "
        "a grid says nothing else) minus not refined, each above 0. A set that is too small would overfit: "
        "accuracy on the test images, which never tune, "
        "would fall. " +
        kVerdictRule;
    return judged_over(table, methods, std::move(claim), figures);
}

Claim small_sets_suffice(const ResultTable& table) {
    constexpr double kSame = 0.5;
    const std::string few = "w4a4e8-cal64", many = table.networks_in_grid({"w4a4e8-cal1024"}).empty()
                                                       ? "w4a4e8-cal256"
                                                       : "w4a4e8-cal1024";
    Claim claim{.id = "mmse-7a", .source = Source::memory, .paper = "yes; its points are unknown"};
    claim.statement = "A small calibration set is enough for activation scales.";
    claim.measure = fmt::format(
        "Test top-1 of w4a4e8 calibrated on 64 images minus 1024 (or 256, where there are no more): between "
        "-{0:g} and {0:g} points. {1}",
        kSame, kVerdictRule);
    return judged_over(table, {few, many}, std::move(claim), {compared(table, few, many, -kSame, kSame)});
}

Claim activations_are_more_sensitive(const ResultTable& table) {
    Claim claim{.id = "mmse-7b", .source = Source::memory, .paper = "yes; its points are unknown"};
    claim.statement = "4-bit activations hurt more than 4-bit weights.";
    claim.measure =
        "Test top-1 with 4-bit weights minus that with 4-bit activations, the other side float: above 0. " +
        kVerdictRule;
    return judged_over(table, {"w4e8", "a4e8"}, std::move(claim), {compared(table, "w4e8", "a4e8", 0)});
}

Claim papers_figures(const ResultTable& table) {
    constexpr double kSame = 0.5;
    const std::string refined = "w4e8-refined";
    std::vector<Figure> figures;
    for (const auto& [network, theirs] :
         {std::pair("resnet18-imagenet", 67.12), std::pair("resnet50-imagenet", 74.67)}) {
        if (!table.in_grid(network, refined)) continue;
        Figure f{fmt::format("{} on {} - {:.2f}", refined, network, theirs), {}, -kSame};
        f.estimate = paired(table)({{network, refined}});
        if (f.estimate) f.estimate->mean -= theirs;
        figures.push_back(std::move(f));
    }
    Claim claim{.id = "mmse-8", .source = Source::quoted};
    claim.statement = "4-bit weights, refined scales, float activations on ImageNet.";
    claim.paper = "ResNet-18 67.12, ResNet-50 74.67, Inception-v3 73.66 %, as AdaRound quotes it";
    claim.measure = fmt::format(
        "Profile `imagenet`, which needs the data and torchvision's weights: test top-1 of {} on both "
        "ResNets, less than {:g} points below the paper's. {}",
        refined, kSame, kVerdictRule);
    claim = judged_over(table, {refined}, std::move(claim), figures);
    if (claim.verdict.kind == Verdict::Kind::not_attempted)
        claim.verdict.why = "needs ImageNet and pretrained ImageNet networks";
    claim.command = "nibble run --profile imagenet $(nibble cells mmse --profile imagenet)";
    return claim;
}

Claim detection() {
    Claim claim{.id = "mmse-9", .source = Source::memory, .paper = kUnknown};
    claim.statement = "The method carries over to object detection.";
    claim.measure = "No detection network is built.";
    claim.ours = kMissing;
    claim.verdict = {Verdict::Kind::not_attempted, "no detection network here"};
    return claim;
}

Claim eight_bits_are_enough(const ResultTable& table) {
    constexpr double kSame = -0.3;
    Claim claim{.id = "mmse-10", .paper = "not claimed"};
    claim.statement = "A check of the whole path: 8 bits everywhere are as good as floats.";
    claim.measure = fmt::format(
        "Test top-1 of w8a8, executed as integers, minus float: above {:g} points. {}", kSame, kVerdictRule);
    return judged_over(table, {kFloat, "w8a8"}, std::move(claim), {compared(table, "w8a8", kFloat, kSame)});
}

Claim unbiased_scales_help(const ResultTable& table) {
    const std::string both = "w3a8e8-unbiased-bc";
    std::vector<Figure> figures;
    std::vector<std::string> methods{both};
    for (const char* other :
         {"w3a8e8", "w3a8e8-bc", "w3a8e8-unbiased", "w3a8e8-wmaxabs", "w3a8e8-wmaxabs-bc"}) {
        methods.emplace_back(other);
        figures.push_back(compared(table, both, other, 0));
    }
    Claim claim{.id = "mmse-11", .paper = "not claimed"};
    claim.statement =
        "At 3 bits, MMSE scales lengthened to be unbiased, with corrected biases, beat MMSE and max-abs, "
        "each with and without corrected biases.";
    claim.measure =
        "Test top-1 of " + both + " minus the others', 8-bit activations: each above 0. " + kVerdictRule;
    return judged_over(table, methods, std::move(claim), figures);
}

std::vector<Claim> claims(const ResultTable& table) {
    return {four_bits_without_training(table),
            mmse_beats_max_abs(table),
            channel_scales_matter_more(table),
            alternating_gets_stuck(table),
            few_duals_suffice(table),
            refinement_helps(table),
            small_sets_suffice(table),
            activations_are_more_sensitive(table),
            papers_figures(table),
            detection(),
            eight_bits_are_enough(table),
            unbiased_scales_help(table)};
}

}  // namespace nibble::mmse
