#include "experiments/mmse/claims.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "experiments/harness/statistics.hpp"

namespace nibble::mmse {

namespace {

const double kNever = std::numeric_limits<double>::infinity();

std::string rule_text() {
    return fmt::format(
        "A figure counts with its whole interval: over the draws, or {:g} points to both sides where there "
        "is "
        "one value.",
        kMargin);
}

/// Top-1 of a minus that of b on each network, claimed to be above `low`.
void add_differences(std::vector<Figure>& figures, const Study& cells, const std::string& a,
                     const std::string& b, double low) {
    for (const std::string& network : cells.networks_with({a, b})) {
        Figure f{fmt::format("{} - {} on {}", a, b, network), cells.differences(network, a, b), low};
        f.margin = kMargin;
        figures.push_back(std::move(f));
    }
}

/// (a - b) - (c - d) on each network, claimed to be positive.
void add_gains(std::vector<Figure>& figures, const Study& cells, const std::string& a, const std::string& b,
               const std::string& c, const std::string& d) {
    for (const std::string& network : cells.networks_with({a, b, c, d})) {
        Figure f{fmt::format("({} - {}) - ({} - {}) on {}", a, b, c, d, network),
                 cells.sums({{network, a}, {network, b, -1}, {network, c, -1}, {network, d}})};
        f.margin = kMargin;
        if (!f.values.empty())
            f.detail =
                fmt::format("({:+.2f} beside {:+.2f})", summarize(cells.differences(network, a, b)).mean,
                            summarize(cells.differences(network, c, d)).mean);
        figures.push_back(std::move(f));
    }
}

/// How much larger the weights' error is than with the exact solver, in percent.
void add_excess(std::vector<Figure>& figures, const Study& cells, const std::string& method, double low,
                double high) {
    const std::string exact = "w4a8e8";
    for (const std::string& network : cells.networks_with({method, exact})) {
        const auto a = cells.results(network, method), b = cells.results(network, exact);
        Figure f{fmt::format("error of {} above the exact one on {}", to_string(method_from(method).solver),
                             network),
                 {},
                 low,
                 high};
        f.unit = "%";
        if (!a.empty() && !b.empty())
            f.values = {100 * (mean_weight_error(*a.front()) / mean_weight_error(*b.front()) - 1)};
        figures.push_back(std::move(f));
    }
}

}  // namespace

Claim four_bits_without_training(const Study& cells) {
    std::vector<Figure> figures;
    constexpr double kPaper = -3.7;
    add_differences(figures, cells, "w4e8-refined", kFloat, kPaper);
    const std::vector<std::string> networks = cells.networks_with({"w4e8-refined", kFloat});
    for (std::size_t i = 0; i < networks.size(); ++i)
        if (const auto plain = cells.differences(networks[i], "w4e8", kFloat); !plain.empty())
            figures[i].detail = "(not refined " + signed_over_seeds(plain, 2) + ")";
    Claim claim;
    claim.id = "mmse-1";
    claim.statement = "Networks run with 4-bit weights without any training, at a minimal loss of accuracy.";
    claim.paper =
        "ImageNet, with refined scales, as AdaRound quotes it: ResNet-18 -2.6, ResNet-50 -1.4, Inception-v3 "
        "-3.7 "
        "points";
    claim.measure = fmt::format(
        "Test top-1 of 4-bit weights per kernel, refined, minus float, on each network: above {:g} points, "
        "the "
        "paper's largest loss. {}",
        kPaper, rule_text());
    return judged_over(cells, {kFloat, "w4e8", "w4e8-refined"}, std::move(claim), figures);
}

Claim mmse_beats_max_abs(const Study& cells) {
    std::vector<Figure> figures;
    add_differences(figures, cells, "w4e8", "w4e8-wmaxabs", 0);
    add_differences(figures, cells, "w4e8-pt", "w4e8-pt-wmaxabs", 0);
    add_gains(figures, cells, "w3a8e8", "w3a8e8-wmaxabs", "w4a8e8", "w4a8e8-wmaxabs");
    Claim claim;
    claim.id = "mmse-2";
    claim.statement = "Scales of minimal squared error beat max-abs, the more the fewer bits there are.";
    claim.paper = "yes; its points are unknown";
    claim.measure =
        "Test top-1 of MMSE minus max-abs, 4-bit weights, per kernel and per tensor; and this gain at 3 bits "
        "minus that at 4 bits (activations in 8 bits): each above 0. " +
        rule_text();
    return judged_over(cells,
                       {"w4e8", "w4e8-wmaxabs", "w4e8-pt", "w4e8-pt-wmaxabs", "w3a8e8", "w3a8e8-wmaxabs",
                        "w4a8e8", "w4a8e8-wmaxabs"},
                       std::move(claim), figures);
}

Claim kernels_matter_more(const Study& cells) {
    std::vector<Figure> figures;
    add_differences(figures, cells, "w4e8", "w4e8-pt", 0);
    add_gains(figures, cells, "w4e8", "w4e8-pt", "w4e8-pt", "w4e8-pt-wmaxabs");
    Claim claim;
    claim.id = "mmse-3";
    claim.statement = "A scale per kernel beats one per tensor, by more than MMSE beats max-abs.";
    claim.paper = "yes; its points are unknown";
    claim.measure =
        "Test top-1, 4-bit weights: kernel minus tensor (both MMSE) above 0, and above MMSE minus max-abs "
        "(both "
        "per tensor). " +
        rule_text();
    return judged_over(cells, {"w4e8", "w4e8-pt", "w4e8-pt-wmaxabs"}, std::move(claim), figures);
}

Claim alternating_gets_stuck(const Study& cells) {
    constexpr double kWorse = 0.5, kSame = 0.1;
    std::vector<Figure> figures;
    add_excess(figures, cells, "w4a8e8-walternating", kWorse, kNever);
    add_excess(figures, cells, "w4a8e8-wgrid", -kNever, kSame);
    Claim claim;
    claim.id = "mmse-4";
    claim.statement =
        "Alternating minimization gets stuck in local minima; a line search is as good as anything.";
    claim.paper = "yes; its figures are unknown";
    claim.measure = fmt::format(
        "Relative squared error of 4-bit weights per kernel, mean over the layers, above that of the exact "
        "solver: more than {:g} % from alternating, less than {:g} % from a grid of 200 scales. No interval: "
        "nothing is drawn.",
        kWorse, kSame);
    return judged_over(cells, {"w4a8e8", "w4a8e8-walternating", "w4a8e8-wgrid"}, std::move(claim), figures);
}

Claim few_duals_suffice(const Study& cells) {
    constexpr double kMost = 50;
    const std::string single = "w4e8", dual = "w4e8-dual10";
    std::vector<Figure> figures;
    for (const std::string& network : cells.networks_with({single, dual, kFloat})) {
        Figure f{"recovered on " + network, {}, kMost};
        f.unit = "% of the loss";
        const auto loss = cells.differences(network, kFloat, single),
                   gain = cells.differences(network, dual, single);
        if (!loss.empty() && !gain.empty()) {
            const bool lost = loss.front() > 0;  // else there is nothing to recover, and the claim stays open
            f.values = {lost ? 100 * gain.front() / loss.front() : 0};
            f.margin = lost ? 100 * kMargin / loss.front() : kNever;
            f.detail = fmt::format("({:+.2f} of {:.2f} points)", gain.front(), loss.front());
        }
        figures.push_back(std::move(f));
    }
    for (const std::string& network : cells.networks_with({dual})) {
        Figure f{"products more on " + network, {}, -kNever, 20};
        f.unit = "%";
        if (const auto r = cells.results(network, dual); !r.empty())
            f.values = {100 * (r.front()->quantized->product_overhead - 1)};
        figures.push_back(std::move(f));
    }
    Claim claim;
    claim.id = "mmse-5";
    claim.statement =
        "Dual tensors for a few badly approximated kernels recover most of the loss at a small overhead.";
    claim.paper = "yes; its points are unknown";
    claim.measure = fmt::format(
        "With the worst 10 % of all kernels dual: test top-1 above that of single 4-bit kernels, in percent "
        "of "
        "what these lose against float, more than {:g}; products more, less than 20 %. {}",
        kMost, rule_text());
    return judged_over(cells, {kFloat, single, dual}, std::move(claim), figures);
}

Claim refinement_helps(const Study& cells) {
    const std::string single = "w4e8", refined = "w4e8-refined";
    std::vector<Figure> figures;
    add_differences(figures, cells, refined, single, 0);
    Claim claim;
    claim.id = "mmse-6";
    claim.statement = "Tuning the scales on a small unlabelled set helps and does not overfit.";
    claim.paper =
        "ImageNet, 4-bit weights, as AdaRound quotes it: 67.12 (ResNet-18), 74.67 (ResNet-50), 73.66 % "
        "(Inception-v3) with it";
    claim.measure =
        "Test top-1, 4-bit weights per kernel: refined minus not refined above 0 on each network. Test "
        "images "
        "are never among those that tune, so a gain on them is none of overfitting. " +
        rule_text();
    return judged_over(cells, {single, refined}, std::move(claim), figures);
}

Claim small_sets_suffice(const Study& cells) {
    constexpr double kSame = 0.5;
    std::vector<Figure> figures;
    for (const std::string& network : cells.networks_with({"w4a4e8-cal64", "w4a4e8-cal1024"})) {
        Figure f{"64 - 1024 images, w4a4e8 on " + network,
                 cells.differences(network, "w4a4e8-cal64", "w4a4e8-cal1024"), -kSame, kSame};
        f.margin = kMargin;
        figures.push_back(std::move(f));
    }
    add_differences(figures, cells, "w4e8", "a4e8", 0);
    Claim claim;
    claim.id = "mmse-7";
    claim.statement =
        "A small calibration set is enough for activation scales; 4-bit activations hurt more than 4-bit "
        "weights.";
    claim.paper = "yes; its points are unknown";
    claim.measure = fmt::format(
        "Test top-1 of w4a4e8 calibrated on 64 images minus 1024, within {0:g} points; and 4-bit weights "
        "minus "
        "4-bit activations, the other side float, above 0. {1}",
        kSame, rule_text());
    return judged_over(cells, {"w4a4e8-cal64", "w4a4e8-cal1024", "w4e8", "a4e8"}, std::move(claim), figures);
}

Claim papers_figures(const Study& cells) {
    constexpr double kSame = 0.5;
    const std::string refined = "w4e8-refined";
    std::vector<Figure> figures;
    for (const auto& [network, theirs] :
         {std::pair("resnet18-imagenet", 67.12), std::pair("resnet50-imagenet", 74.67)}) {
        if (!cells.in_grid(network, refined)) continue;
        Figure f{fmt::format("{} on {} - {:.2f}", refined, network, theirs), {}, -kSame};
        f.margin = kMargin;
        for (double ours : cells.values(network, refined)) f.values.push_back(ours - theirs);
        figures.push_back(std::move(f));
    }
    Claim claim;
    claim.id = "mmse-8";
    claim.statement = "4-bit weights, refined scales, float activations on ImageNet.";
    claim.paper = "ResNet-18 67.12, ResNet-50 74.67, Inception-v3 73.66 %, as AdaRound quotes it";
    claim.measure = fmt::format(
        "Profile `imagenet`, which needs the data and torchvision's weights: test top-1 of {} on both "
        "ResNets, "
        "less than {:g} points below the paper's. {}",
        refined, kSame, rule_text());
    claim = judged_over(cells, {refined}, std::move(claim), figures);
    if (claim.verdict.kind == Verdict::Kind::not_attempted)
        claim.verdict.why = "needs ImageNet and pretrained ImageNet networks";
    claim.command = "nibble run --profile imagenet $(nibble cells mmse --profile imagenet)";
    return claim;
}

Claim detection() {
    Claim claim;
    claim.id = "mmse-9";
    claim.statement = "The method carries over to object detection.";
    claim.paper = kUnknown;
    claim.measure = "No detection network is built.";
    claim.ours = kMissing;
    claim.verdict = {Verdict::Kind::not_attempted, "no detection network here"};
    return claim;
}

Claim eight_bits_are_enough(const Study& cells) {
    std::vector<Figure> figures;
    add_differences(figures, cells, "w8a8", kFloat, -0.3);
    Claim claim;
    claim.id = "mmse-10";
    claim.ours_alone = true;
    claim.statement = "(Ours, a check of the whole path.) 8 bits everywhere are as good as floats.";
    claim.paper = "not claimed";
    claim.measure =
        "Test top-1 of w8a8, executed as integers, minus float: above -0.3 points. " + rule_text();
    return judged_over(cells, {kFloat, "w8a8"}, std::move(claim), figures);
}

std::vector<Claim> claims(const Study& cells) {
    return {four_bits_without_training(cells), mmse_beats_max_abs(cells), kernels_matter_more(cells),
            alternating_gets_stuck(cells),     few_duals_suffice(cells),  refinement_helps(cells),
            small_sets_suffice(cells),         papers_figures(cells),     detection(),
            eight_bits_are_enough(cells)};
}

}  // namespace nibble::mmse
