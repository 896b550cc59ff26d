#include "experiments/fgq/claims.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "engine/quant/fgq/multiplications.hpp"
#include "experiments/fgq/methods.hpp"
#include "experiments/harness/statistics.hpp"

namespace nibble::fgq {

namespace {

constexpr double kNone = -std::numeric_limits<double>::infinity();
const std::string kFour = in_groups(4, 8), kSixtyFour = in_groups(64, 8);

std::string rule_text() {
    return fmt::format(
        "A figure counts with its whole interval: over the calibration draws, or {:g} points to both sides "
        "where there is one value.",
        kMargin);
}

/// Top-1 of a minus that of b, claimed to be between low and high.
Figure difference(const Study& study, const std::string& network, const std::string& a, const std::string& b,
                  double low, double high = std::numeric_limits<double>::infinity()) {
    Figure f{fmt::format("{} - {} on {}", a, b, network), study.differences(network, a, b), low, high};
    f.margin = kMargin;
    return f;
}

/// The same on every network that has both in the grid.
std::vector<Figure> differences(const Study& study, const std::string& a, const std::string& b, double low,
                                double high = std::numeric_limits<double>::infinity()) {
    std::vector<Figure> figures;
    for (const std::string& network : study.networks_with({a, b}))
        figures.push_back(difference(study, network, a, b, low, high));
    return figures;
}

void append(std::vector<Figure>& figures, const std::vector<Figure>& more) {
    figures.insert(figures.end(), more.begin(), more.end());
}

/// The deepest network with these results, or the last one of the grid without any.
std::string deepest(const Study& study, const std::vector<std::string>& methods) {
    const std::string found = study.largest_with(methods);
    return found.empty() && !study.networks().empty() ? study.networks().back() : found;
}

/// Whether the second of two networks that follow each other in the grid has more multiplications than the
/// first, as far as results tell: where another family begins, it has not.
bool may_be_deeper(const Study& study, const std::string& second, const std::string& first) {
    const auto one = study.results(first, kFour), other = study.results(second, kFour);
    return one.empty() || other.empty() || other.front()->macs > one.front()->macs;
}

}  // namespace

Claim groups_of_four_without_training(const Study& study) {
    constexpr double kPaper = 4.2;
    Claim claim;
    claim.id = "fgq-1";
    claim.statement =
        "In deep networks, ternary weights in groups of 4 and 8-bit activations lose no more than about 4 "
        "points, "
        "without any training.";
    claim.paper = "3.7 points on ResNet-101, 4.2 on ResNet-50 (ImageNet)";
    claim.measure = fmt::format(
        "Top-1 of the float network minus that of {} on the deepest network of the profile, as the paper's "
        "are deep (others in brackets); reproduced when it is below {:g} points. {}",
        kFour, kPaper, rule_text());
    const std::string network = deepest(study, {kFloat, kFour});
    Figure loss = difference(study, network, kFloat, kFour, kNone, kPaper);
    for (const std::string& other : study.networks_with({kFloat, kFour})) {
        const auto values = study.differences(other, kFloat, kFour);
        if (other == network || values.empty()) continue;
        loss.detail += fmt::format("{}{} {}", loss.detail.empty() ? "(" : ", ", other, over_seeds(values, 2));
    }
    if (!loss.detail.empty()) loss.detail += ")";
    return judged_over(study, {kFloat, kFour}, std::move(claim), {loss});
}

Claim four_bit_activations(const Study& study) {
    constexpr double kPaper = 3.2;
    const std::string four = in_groups(4, 4);
    Claim claim;
    claim.id = "fgq-2";
    claim.statement = "Activations of 4 bits instead of 8 cost little more.";
    claim.paper =
        "at N = 4: 2.4 points on ResNet-50 (as PACT and Jacob et al. quote it), 3.2 on ResNet-101 and 0 on "
        "AlexNet "
        "(from memory)";
    claim.measure = fmt::format(
        "Top-1 of {} minus that of {} on each network; reproduced when all are below {:g} "
        "points, the paper's largest. {}",
        kFour, four, kPaper, rule_text());
    return judged_over(study, {kFour, four}, std::move(claim),
                       differences(study, kFour, four, kNone, kPaper));
}

Claim depth_tolerates(const Study& study) {
    std::vector<Figure> figures;
    const std::vector<std::string> networks = study.networks_with({kFloat, kFour});
    for (std::size_t i = 0; i + 1 < networks.size(); ++i) {
        const std::string &shallow = networks[i], &deep = networks[i + 1];
        if (!may_be_deeper(study, deep, shallow)) continue;
        Figure f{fmt::format("loss on {} - loss on {}", shallow, deep),
                 study.sums({{shallow, kFloat}, {shallow, kFour, -1}, {deep, kFloat, -1}, {deep, kFour}})};
        f.margin = kMargin;
        figures.push_back(std::move(f));
    }
    Claim claim;
    claim.id = "fgq-3";
    claim.statement = "Deeper networks tolerate ternary weights better.";
    claim.paper = "losses at N = 4: ResNet-101 3.7, ResNet-50 4.2, AlexNet 7.8 points (from memory)";
    claim.measure = fmt::format(
        "What {} loses beside float on each network minus what it loses on the next one of the same origin, "
        "if "
        "that is deeper; reproduced when all are positive. {}",
        kFour, rule_text());
    claim = judged_over(study, {kFloat, kFour}, std::move(claim), figures);
    if (networks.size() < 2) claim.verdict = {Verdict::Kind::not_attempted, "one network alone"};
    return claim;
}

namespace {

/// Of what accuracy falls from one of `methods` (but the first) to the next, the figure that speaks most
/// against a fall: one that denies it with its whole interval, or else that whose interval reaches lowest.
Figure smallest_step(const Study& study, const std::string& network,
                     const std::vector<std::string>& methods) {
    std::optional<Figure> smallest;
    std::pair<bool, double> least;  // no denial, the interval's lower end
    for (std::size_t i = 1; i + 1 < methods.size(); ++i) {
        const Figure step = difference(study, network, methods[i], methods[i + 1], 0);
        if (step.values.empty()) return step;
        const Summary s = summarize(step.values);
        const double half = s.half_width.value_or(step.margin);
        const std::pair<bool, double> rank{s.mean + half > 0, s.mean - half};
        if (smallest && rank >= least) continue;
        smallest = step;
        least = rank;
    }
    return *smallest;
}

}  // namespace

Claim accuracy_falls_with_groups(const Study& study) {
    constexpr double kMuch = 4;
    std::vector<Figure> figures;
    std::vector<std::string> methods{kFloat};
    for (int n : kGroups) methods.push_back(in_groups(n, 8));
    for (const std::string& network : study.networks_with(methods)) {
        figures.push_back(smallest_step(study, network, methods));
        figures.push_back(difference(study, network, kFloat, kSixtyFour, kMuch));
    }
    Claim claim;
    claim.id = "fgq-4";
    claim.statement = "Accuracy falls with every doubling of N; groups of 64 need training.";
    claim.paper = kUnknown;
    claim.measure = fmt::format(
        "On each network, 8-bit activations: of the differences of top-1 at N minus that at 2 N the one that "
        "speaks most against it (negative with its whole interval, or reaching lowest), positive, and float "
        "minus N = 64, above {:g} points. {}",
        kMuch, rule_text());
    return judged_over(study, methods, std::move(claim), figures);
}

Claim fine_tuning_recovers(const Study& study) {
    constexpr double kPaper = 4;
    const std::string tuned = fine_tuned(kSixtyFour);
    Claim claim;
    claim.id = "fgq-5";
    claim.statement =
        "Fine-tuning for less than 30 % of the original training brings groups of 64 to within 4 points of "
        "float.";
    claim.paper = "ResNet-50: above 71.05 of 75.05 %";
    claim.measure = fmt::format(
        "Top-1 of float minus that of {} on each network that is fine-tuned (epochs: README); reproduced "
        "when "
        "below {:g} points. {}",
        tuned, kPaper, rule_text());
    return judged_over(study, {kFloat, tuned}, std::move(claim),
                       differences(study, kFloat, tuned, kNone, kPaper));
}

Claim multiplications_go(const Study& study) {
    const std::pair<int, double> expected[] = {{4, 74}, {64, 98}};  // a point below what the paper says
    std::vector<Figure> figures;
    const std::string network = deepest(study, {kFour, kSixtyFour});
    for (const auto& [n, low] : expected) {
        Figure f{fmt::format("N = {} on {}", n, network), {}, low};
        f.unit = "%";
        f.values = study.values(network, in_groups(n, 8), eliminated);
        if (f.values.size() > 1) f.values.resize(1);  // draws change nothing
        f.detail = fmt::format("(the law: {:.2f} %)", 100 * eliminated_by_law(n));
        figures.push_back(std::move(f));
    }
    Claim claim;
    claim.id = "fgq-6";
    claim.statement = "75 % of all multiplications are eliminated at N = 4, about 99 % at N = 64.";
    claim.paper = "75 %, 99 %; the law 1 - 1 / N";
    claim.measure =
        "Share of the deepest network's multiplications that is eliminated when each group is added up with "
        "signs and multiplied once: first layer in 8 bits and groups that end with the channels included. "
        "Reproduced when above 74 and 98 %. Counted, not executed: processors with byte products multiply "
        "each weight.";
    return judged_over(study, {kFour, kSixtyFour}, std::move(claim), figures);
}

Claim speed() {
    Claim claim;
    claim.id = "fgq-7";
    claim.statement = "Up to 9 times as fast as full precision at N = 4, 15 times at N = 64.";
    claim.paper = "9 x, 15 x: a performance model, no measurement";
    claim.measure =
        "Our reconstruction of the model, 16 N / (N + 3), gives both figures. What of it arrives on this "
        "kind of machine is measured by `make bench-kernels` (results/timing/*/kernel_speed.md: rows t-g4 "
        "and "
        "t-g64 beside f32 and int8), with and without dot-product instructions.";
    claim.command = "make bench-kernels";
    claim.ours = fmt::format("by the model {:.2f} and {:.2f}", speed_by_model(4), speed_by_model(64));
    claim.verdict = {Verdict::Kind::not_attempted, "a model; what was measured is in results/timing"};
    return claim;
}

Claim two_thresholds_help(const Study& study) {
    std::vector<Figure> figures;
    std::string detail;
    double groups = 0, helped = 0;
    for (const std::string& network : study.networks())
        for (int n : kGroups) {
            const auto all = study.values(network, in_groups(n, 8), fact("groups")),
                       better =
                           study.values(network, in_groups(n, 8), fact("groups_helped_by_two_thresholds"));
            if (all.empty() || better.empty()) continue;
            groups += all.front();
            helped += better.front();
        }
    Figure f{"groups with a smaller error by two thresholds", {}};
    f.unit = "%";
    if (groups > 0) {
        f.values = {100 * helped / groups};
        f.detail = fmt::format("({:.0f} of {:.0f} groups)", helped, groups);
    }
    figures.push_back(std::move(f));
    Claim claim;
    claim.id = "fgq-8";
    claim.statement = "Separate thresholds for positive and negative weights are better than one.";
    claim.paper = kUnknown;
    claim.measure =
        "Over all groups of all networks and N: those whose error is smaller, by more than rounding, with "
        "the "
        "best pair of thresholds than with the best single one, one scale in both cases. Reproduced when "
        "there are any. (There cannot be: for any number of weights the largest magnitudes are the best.)";
    std::vector<std::string> methods;
    for (int n : kGroups) methods.push_back(in_groups(n, 8));
    return judged_over(study, methods, std::move(claim), figures);
}

Claim batch_norm_is_essential(const Study& study) {
    constexpr double kMuch = 1;
    std::vector<Figure> figures = differences(study, kFour, kFour + "-oldbn", kMuch);
    append(figures, differences(study, kSixtyFour, kSixtyFour + "-oldbn", kMuch));
    Claim claim;
    claim.id = "fgq-9";
    claim.statement =
        "Without training, batch norm's statistics must be estimated anew from the quantized network.";
    claim.paper = kUnknown;
    claim.measure = fmt::format(
        "Top-1 with new statistics minus that with the float network's, N = 4 and 64; reproduced when all "
        "are above {:g} point. {}",
        kMuch, rule_text());
    return judged_over(study, {kFour, kFour + "-oldbn", kSixtyFour, kSixtyFour + "-oldbn"}, std::move(claim),
                       figures);
}

Claim optimum_beats_twn(const Study& study) {
    std::vector<Figure> figures = differences(study, kFour, kFour + "-twn", 0);
    for (const std::string& network : study.networks_with({kSixtyFour, kSixtyFour + "-twn"})) {
        Figure f{fmt::format("gain at N = 4 - gain at N = 64 on {}", network),
                 study.sums({{network, kFour},
                             {network, kFour + "-twn", -1},
                             {network, kSixtyFour, -1},
                             {network, kSixtyFour + "-twn"}})};
        f.margin = kMargin;
        figures.push_back(std::move(f));
    }
    Claim claim;
    claim.id = "fgq-10";
    claim.statement = "Searching the optimum is better than TWN's rule, chiefly for small groups.";
    claim.paper = kUnknown;
    claim.measure = fmt::format(
        "Top-1 of {0} minus that of {0}-twn, and by how much this gain is larger than at N = 64; reproduced "
        "when all are positive. {1}",
        kFour, rule_text());
    return judged_over(study, {kFour, kFour + "-twn", kSixtyFour, kSixtyFour + "-twn"}, std::move(claim),
                       figures);
}

Claim first_layer_needs_bits(const Study& study) {
    Claim claim;
    claim.id = "fgq-11";
    claim.statement = "The first convolution needs 8-bit weights.";
    claim.paper = kUnknown;
    claim.measure = fmt::format(
        "Top-1 of {0} minus that of {0}-t, whose first convolution is ternary, too; reproduced when all are "
        "positive. {1}",
        kFour, rule_text());
    return judged_over(study, {kFour, kFour + "-t"}, std::move(claim),
                       differences(study, kFour, kFour + "-t", 0));
}

Claim integers_at_equal_storage(const Study& study) {
    Claim claim;
    claim.id = "fgq-12";
    claim.ours_alone = true;
    claim.statement =
        "(Ours.) Of two kinds of weights that cost 4 bits, integers with a scale for each output channel are "
        "more accurate than ternary groups of 4.";
    claim.paper = "not compared";
    claim.measure = fmt::format(
        "Top-1 of w4a8 minus that of {}, everything else alike; reproduced when all are positive. {}", kFour,
        rule_text());
    return judged_over(study, {"w4a8", kFour}, std::move(claim), differences(study, "w4a8", kFour, 0));
}

std::vector<Claim> claims(const Study& study) {
    return {groups_of_four_without_training(study),
            four_bit_activations(study),
            depth_tolerates(study),
            accuracy_falls_with_groups(study),
            fine_tuning_recovers(study),
            multiplications_go(study),
            speed(),
            two_thresholds_help(study),
            batch_norm_is_essential(study),
            optimum_beats_twn(study),
            first_layer_needs_bits(study),
            integers_at_equal_storage(study)};
}

}  // namespace nibble::fgq
