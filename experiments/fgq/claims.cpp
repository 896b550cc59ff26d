#include "experiments/fgq/claims.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "engine/models/catalog.hpp"
#include "engine/quant/fgq/multiplications.hpp"
#include "experiments/fgq/methods.hpp"
#include "experiments/support/statistics.hpp"

namespace nibble::fgq {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
const std::string kFour = in_groups(4, 8), kSixtyFour = in_groups(64, 8);

EstimateOf estimate_in(const Study& study) {
    return [&study](const Terms& terms) { return study.estimate(terms); };
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
    const std::string network = deepest(study, {kFloat, kFour});
    std::vector<std::string> others = study.networks_with({kFloat, kFour});
    std::erase(others, network);
    const auto loss = [&](const std::string& n) { return difference(n, kFloat, kFour); };
    Claim claim;
    claim.id = "fgq-1";
    claim.statement =
        "In deep networks, ternary weights in groups of 4 and 8-bit activations lose no more than about 4 "
        "points, "
        "without any training.";
    claim.source = Source::abstract;
    claim.paper = "3.7 points on ResNet-101, 4.2 on ResNet-50 (ImageNet)";
    claim.measure = fmt::format(
        "Top-1 of the float network minus that of {} on the deepest network of the profile, as the paper's "
        "are "
        "deep: below {:g} points. Shown beside: the others. {}",
        kFour, kPaper, kVerdictRule);
    return judged_over(
        study, {kFloat, kFour}, std::move(claim),
        {mean_over("f32 - " + kFour, {network}, loss, estimate_in(study), -kInfinity, kPaper),
         shown_only(mean_over("on the others", others, loss, estimate_in(study), -kInfinity, kPaper))});
}

Claim four_bit_activations(const Study& study) {
    constexpr double kPaper = 3.2;
    const std::string four = in_groups(4, 4), reaching = four + "-emax";
    Claim claim;
    claim.id = "fgq-2";
    claim.statement = "Activations of 4 bits instead of 8 cost little more.";
    claim.source = Source::quoted;
    claim.paper =
        "at N = 4: 2.4 points on ResNet-50 (as PACT and Jacob et al. quote it), 3.2 on ResNet-101 and 0 on "
        "AlexNet "
        "(from memory)";
    claim.measure = fmt::format(
        "Top-1 of {} minus that of {}: below {:g} points, the paper's largest. Exponents of activations have "
        "the "
        "least squared error; shown beside, those that reach the maximum (-emax). {}",
        kFour, four, kPaper, kVerdictRule);
    return judged_over(study, {kFour, four, reaching}, std::move(claim),
                       {compared(study, kFour, four, -kInfinity, kPaper),
                        shown_only(compared(study, kFour, reaching, -kInfinity, kPaper))});
}

Claim depth_tolerates(const Study& study) {
    std::vector<Part> parts;
    const std::vector<std::string> networks = study.networks_with({kFloat, kFour});
    for (std::size_t i = 0; i + 1 < networks.size(); ++i) {
        const std::string &shallow = networks[i], &deep = networks[i + 1];
        if (may_be_deeper(study, deep, shallow))
            parts.push_back({shallow + " to " + deep,
                             {{shallow, kFloat}, {shallow, kFour, -1}, {deep, kFloat, -1}, {deep, kFour}}});
    }
    Claim claim;
    claim.id = "fgq-3";
    claim.statement = "Deeper networks tolerate ternary weights better.";
    claim.source = Source::inference;
    claim.paper = "losses at N = 4: ResNet-101 3.7, ResNet-50 4.2, AlexNet 7.8 points (from memory)";
    claim.measure = fmt::format(
        "What {} loses beside float on each network minus what it loses on the next one of the same origin, "
        "if "
        "that is deeper: above 0. {}",
        kFour, kVerdictRule);
    claim =
        judged_over(study, {kFloat, kFour}, std::move(claim),
                    {mean_of("loss of the shallower - loss of the deeper", parts, estimate_in(study), 0)});
    if (networks.size() < 2) claim.verdict = {Verdict::Kind::not_attempted, "one network alone"};
    return claim;
}

Claim accuracy_falls_with_groups(const Study& study) {
    std::vector<Figure> figures;
    std::vector<std::string> methods;
    for (int n : kGroups) methods.push_back(in_groups(n, 8));
    for (std::size_t i = 0; i + 1 < methods.size(); ++i)
        figures.push_back(compared(study, methods[i], methods[i + 1], 0));
    Claim claim;
    claim.id = "fgq-4a";
    claim.statement = "Accuracy falls with every doubling of N.";
    claim.source = Source::quoted;
    claim.paper = kUnknown;
    claim.measure = "Top-1 at N minus that at 2 N, 8-bit activations: each above 0. " + kVerdictRule;
    return judged_over(study, methods, std::move(claim), figures);
}

Claim large_groups_need_training(const Study& study) {
    constexpr double kMuch = 4;
    Claim claim;
    claim.id = "fgq-4b";
    claim.statement = "Groups of 64 need training.";
    claim.source = Source::quoted;
    claim.paper = kUnknown;
    claim.measure = fmt::format("Top-1 of float minus that of {}: above {:g} points. {}", kSixtyFour, kMuch,
                                kVerdictRule);
    return judged_over(study, {kFloat, kSixtyFour}, std::move(claim),
                       {compared(study, kFloat, kSixtyFour, kMuch)});
}

Claim fine_tuning_recovers(const Study& study) {
    constexpr double kPaper = 4;
    const std::string tuned = fine_tuned(kSixtyFour);
    Claim claim;
    claim.id = "fgq-5";
    claim.statement =
        "Fine-tuning for less than 30 % of the original training brings groups of 64 to within 4 points of "
        "float.";
    claim.source = Source::abstract;
    claim.paper = "ResNet-50: above 71.05 of 75.05 %";
    claim.measure = fmt::format(
        "Top-1 of float minus that of {} on each network that is fine-tuned (epochs: README): below {:g} "
        "points. "
        "{}",
        tuned, kPaper, kVerdictRule);
    return judged_over(study, {kFloat, tuned}, std::move(claim),
                       {compared(study, kFloat, tuned, -kInfinity, kPaper)});
}

Claim multiplications_go(const Study& study) {
    const std::pair<int, double> expected[] = {{4, 74}, {64, 98}};  // a point below what the paper says
    std::vector<Figure> figures;
    const auto counted = [&](int n, const std::string& network, Counted what, double low) {
        const Multiplications m = multiplications_of(make_model(network), n, what);
        Figure f{fmt::format("N = {}, {} of {}", n,
                             what == Counted::ternary_layers ? "ternary layers" : "all layers", network),
                 Estimate{100 * m.eliminated()}, low};
        f.unit = "%";
        return what == Counted::ternary_layers ? f : shown_only(f);
    };
    for (const auto& [n, low] : expected)
        for (const char* network : {"resnet50-imagenet", "resnet101-imagenet"})
            for (const Counted what : {Counted::ternary_layers, Counted::all_layers})
                figures.push_back(counted(n, network, what, low));
    if (const std::string network = deepest(study, {kFour, kSixtyFour}); !network.empty())
        for (const auto& [n, low] : expected)
            for (const Counted what : {Counted::ternary_layers, Counted::all_layers})
                figures.push_back(shown_only(counted(n, network, what, low)));
    Claim claim;
    claim.id = "fgq-6";
    claim.statement = "75 % of all multiplications are eliminated at N = 4, about 99 % at N = 64.";
    claim.source = Source::abstract;
    claim.paper = "75 %, 99 %; the law 1 - 1 / N";
    claim.measure =
        "Share of multiplications that is eliminated when each group is added up with signs and multiplied "
        "once, "
        "counted by the shapes of the paper's networks: in the ternary layers above 74 and 98 %. Shown "
        "beside: all "
        "layers, with the first convolution in 8 bits; and our deepest network, whose layers of 16 and 32 "
        "channels "
        "have no groups of 64. Counted, not executed: processors with byte products multiply each weight.";
    claim.ours = to_string(figures);
    claim.verdict = judge(figures);
    return claim;
}

Claim speed() {
    Claim claim;
    claim.id = "fgq-7";
    claim.statement = "Up to 9 times as fast as full precision at N = 4, 15 times at N = 64.";
    claim.source = Source::abstract;
    claim.paper = "9 x, 15 x: a performance model, no measurement";
    claim.measure =
        "Our reconstruction of the model, 16 N / (N + 3), gives both figures. What of it arrives on this "
        "kind of "
        "machine is measured by `make bench-kernels` (results/timing/*/kernel_speed.md: rows t-g4 and t-g64 "
        "beside "
        "f32 and int8), with and without dot-product instructions.";
    claim.command = "make bench-kernels";
    claim.ours = fmt::format("by the model {:.2f} and {:.2f}", speed_by_model(4), speed_by_model(64));
    claim.verdict = {Verdict::Kind::not_attempted, "a model; what was measured is in results/timing"};
    return claim;
}

Claim two_thresholds_help(const Study& study) {
    double groups = 0, helped = 0;
    std::vector<std::string> methods;
    for (int n : kGroups) {
        methods.push_back(in_groups(n, 8));
        for (const std::string& network : study.networks()) {
            const auto all = study.values(network, methods.back(), fact("groups")),
                       better =
                           study.values(network, methods.back(), fact("groups_helped_by_two_thresholds"));
            if (all.empty() || better.empty()) continue;
            groups += all.front();
            helped += better.front();
        }
    }
    Figure f{"groups with a smaller error by two thresholds", {}};
    f.unit = "%";
    if (groups > 0) {
        f.estimate = Estimate{100 * helped / groups};
        f.detail = fmt::format("{:.0f} of {:.0f} groups", helped, groups);
    }
    Claim claim;
    claim.id = "fgq-8";
    claim.statement = "Separate thresholds for positive and negative weights are better than one.";
    claim.source = Source::quoted;
    claim.paper = kUnknown;
    claim.measure =
        "With one scale for both signs they cannot be: for any number of nonzero weights those of the "
        "largest "
        "magnitudes are the best, and one threshold chooses them (engine/quant/fgq/ternarize.hpp). Checked "
        "over "
        "all groups of all networks and N: those whose error is smaller, by more than rounding, with the "
        "best pair "
        "of thresholds than with the best single one. With a scale for each sign it is another method, not "
        "built.";
    claim = judged_over(study, methods, std::move(claim), {f});
    if (claim.verdict.kind == Verdict::Kind::not_reproduced && helped == 0)
        claim.verdict = {Verdict::Kind::refuted_by_proof, "where the scale is shared"};
    return claim;
}

Claim batch_norm_is_essential(const Study& study) {
    constexpr double kMuch = 1;
    Claim claim;
    claim.id = "fgq-9";
    claim.statement =
        "Without training, batch norm's statistics must be estimated anew from the quantized network.";
    claim.source = Source::memory;
    claim.paper = kUnknown;
    claim.measure = fmt::format(
        "Top-1 with statistics estimated anew, on images augmented as in training, minus that with the float "
        "network's, N = 4 and 64: above {:g} point. {}",
        kMuch, kVerdictRule);
    return judged_over(study, {kFour, kFour + "-oldbn", kSixtyFour, kSixtyFour + "-oldbn"}, std::move(claim),
                       {compared(study, kFour, kFour + "-oldbn", kMuch),
                        compared(study, kSixtyFour, kSixtyFour + "-oldbn", kMuch)});
}

Claim optimum_beats_twn(const Study& study) {
    Claim claim;
    claim.id = "fgq-10a";
    claim.statement = "Searching the optimum is better than TWN's rule.";
    claim.source = Source::inference;
    claim.paper = kUnknown;
    claim.measure = fmt::format("Top-1 of {0} minus that of {0}-twn: above 0. {1}", kFour, kVerdictRule);
    return judged_over(study, {kFour, kFour + "-twn"}, std::move(claim),
                       {compared(study, kFour, kFour + "-twn", 0)});
}

Claim optimum_matters_in_small_groups(const Study& study) {
    const std::vector<std::string> methods{kFour, kFour + "-twn", kSixtyFour, kSixtyFour + "-twn"};
    Claim claim;
    claim.id = "fgq-10b";
    claim.statement = "The optimum is better than TWN's rule chiefly for small groups.";
    claim.source = Source::inference;
    claim.paper = kUnknown;
    claim.measure = "Gain in top-1 of the optimum over TWN's rule at N = 4 minus that at N = 64: above 0. " +
                    kVerdictRule;
    return judged_over(
        study, methods, std::move(claim),
        {mean_over(
            "gain at N = 4 - gain at N = 64", study.networks_with(methods),
            [&](const std::string& n) {
                return Terms{{n, methods[0]}, {n, methods[1], -1}, {n, methods[2], -1}, {n, methods[3]}};
            },
            estimate_in(study), 0)});
}

Claim first_layer_needs_bits(const Study& study) {
    Claim claim;
    claim.id = "fgq-11";
    claim.statement = "The first convolution needs 8-bit weights.";
    claim.source = Source::inference;
    claim.paper = kUnknown;
    claim.measure =
        fmt::format("Top-1 of {0} minus that of {0}-t, whose first convolution is ternary, too: above 0. {1}",
                    kFour, kVerdictRule);
    return judged_over(study, {kFour, kFour + "-t"}, std::move(claim),
                       {compared(study, kFour, kFour + "-t", 0)});
}

Claim integers_at_equal_storage(const Study& study) {
    Claim claim;
    claim.id = "fgq-12";
    claim.statement =
        "Of two kinds of weights that cost 4 bits, integers with a scale for each output channel are more "
        "accurate "
        "than ternary groups of 4.";
    claim.paper = "not compared";
    claim.measure = fmt::format("Top-1 of w4a8 minus that of {}, everything else alike: above 0. {}", kFour,
                                kVerdictRule);
    return judged_over(study, {"w4a8", kFour}, std::move(claim), {compared(study, "w4a8", kFour, 0)});
}

std::vector<Claim> claims(const Study& study) {
    return {groups_of_four_without_training(study),
            four_bit_activations(study),
            depth_tolerates(study),
            accuracy_falls_with_groups(study),
            large_groups_need_training(study),
            fine_tuning_recovers(study),
            multiplications_go(study),
            speed(),
            two_thresholds_help(study),
            batch_norm_is_essential(study),
            optimum_beats_twn(study),
            optimum_matters_in_small_groups(study),
            first_layer_needs_bits(study),
            integers_at_equal_storage(study)};
}

}  // namespace nibble::fgq
