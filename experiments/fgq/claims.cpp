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

/// The deepest network with these results, or the last one of the grid without any.
std::string deepest(const ResultTable& table, const std::vector<std::string>& methods) {
    const std::string found = table.largest_with(methods);
    return found.empty() && !table.networks().empty() ? table.networks().back() : found;
}

/// "resnet" of "resnet20"
std::string family_of(const std::string& network) {
    return network.substr(0, network.find_first_of("0123456789"));
}

/// Whether the second of two networks that follow each other in the grid has more multiplications than the
/// first, as far as results tell: where another family begins, it has not.
bool may_be_deeper(const ResultTable& table, const std::string& second, const std::string& first) {
    if (family_of(first) != family_of(second)) return false;
    const auto one = table.results(first, kFour), other = table.results(second, kFour);
    return one.empty() || other.empty() || other.front()->cost.macs > one.front()->cost.macs;
}

}  // namespace

Claim groups_of_four_without_training(const ResultTable& table) {
    constexpr double kPaper = 4.2;
    const std::string network = deepest(table, {kFloat, kFour});
    std::vector<std::string> others = table.networks_in_grid({kFloat, kFour});
    std::erase(others, network);
    const auto loss = [&](const std::string& n) { return difference(n, kFloat, kFour); };
    Claim claim{.id = "fgq-1", .source = Source::abstract};
    claim.statement =
        "In deep networks, ternary weights in groups of 4 and 8-bit activations lose no more than about 4 "
        "points, without any training.";
    claim.paper = "3.7 points on ResNet-101, 4.2 on ResNet-50 (ImageNet)";
    claim.measure = fmt::format(
        "Top-1 of the float network minus that of {} on the deepest network of the profile, as the paper's "
        "are deep: below {:g} points. Shown beside: the others. {}",
        kFour, kPaper, kVerdictRule);
    return judged_over(
        table, {kFloat, kFour}, std::move(claim),
        {mean_over("f32 - " + kFour, {network}, loss, paired(table), -kInfinity, kPaper),
         shown_only(mean_over("on the others", others, loss, paired(table), -kInfinity, kPaper))});
}

Claim four_bit_activations(const ResultTable& table) {
    constexpr double kPaper = 3.2;
    const std::string four = in_groups(4, 4), reaching = four + "-emax";
    Claim claim{.id = "fgq-2", .source = Source::quoted};
    claim.statement = "Activations of 4 bits instead of 8 cost little more.";
    claim.paper =
        "at N = 4: 2.4 points on ResNet-50 (as PACT and Jacob et al. quote it), 3.2 on ResNet-101 and 0 on "
        "AlexNet (from memory)";
    claim.measure = fmt::format(
        "Top-1 of {} minus that of {}: below {:g} points, the paper's largest. Exponents of activations have "
        "the least squared error; shown beside, those that reach the maximum (-emax). {}",
        kFour, four, kPaper, kVerdictRule);
    return judged_over(table, {kFour, four, reaching}, std::move(claim),
                       {compared(table, kFour, four, -kInfinity, kPaper),
                        shown_only(compared(table, kFour, reaching, -kInfinity, kPaper))});
}

Claim depth_tolerates(const ResultTable& table) {
    std::vector<Part> parts;
    const std::vector<std::string> networks = table.networks_in_grid({kFloat, kFour});
    for (std::size_t i = 0; i + 1 < networks.size(); ++i) {
        const std::string &shallow = networks[i], &deep = networks[i + 1];
        if (may_be_deeper(table, deep, shallow))
            parts.push_back({shallow + " to " + deep,
                             {{shallow, kFloat}, {shallow, kFour, -1}, {deep, kFloat, -1}, {deep, kFour}}});
    }
    Claim claim{.id = "fgq-3", .source = Source::inference};
    claim.statement = "Deeper networks tolerate ternary weights better.";
    claim.paper = "losses at N = 4: ResNet-101 3.7, ResNet-50 4.2, AlexNet 7.8 points (from memory)";
    claim.measure = fmt::format(
        "What {} loses beside float on each network minus what it loses on the next one of the same origin, "
        "if that is deeper: above 0. {}",
        kFour, kVerdictRule);
    claim = judged_over(table, {kFloat, kFour}, std::move(claim),
                        {mean_of("loss of the shallower - loss of the deeper", parts, paired(table), 0)});
    if (parts.empty()) claim.verdict = {Verdict::Kind::not_attempted, "no two networks of one family"};
    return claim;
}

Claim accuracy_falls_with_groups(const ResultTable& table) {
    std::vector<Figure> figures;
    std::vector<std::string> methods;
    for (int n : kGroups) methods.push_back(in_groups(n, 8));
    for (std::size_t i = 0; i + 1 < methods.size(); ++i)
        figures.push_back(compared(table, methods[i], methods[i + 1], 0));
    Claim claim{.id = "fgq-4a", .source = Source::quoted, .paper = kUnknown};
    claim.statement = "Accuracy falls with every doubling of N.";
    claim.measure = "Top-1 at N minus that at 2 N, 8-bit activations: each above 0. " + kVerdictRule;
    return judged_over(table, methods, std::move(claim), figures);
}

Claim large_groups_need_training(const ResultTable& table) {
    constexpr double kMuch = 4;
    Claim claim{.id = "fgq-4b", .source = Source::quoted, .paper = kUnknown};
    claim.statement = "Groups of 64 need training.";
    claim.measure = fmt::format("Top-1 of float minus that of {}: above {:g} points. {}", kSixtyFour, kMuch,
                                kVerdictRule);
    return judged_over(table, {kFloat, kSixtyFour}, std::move(claim),
                       {compared(table, kFloat, kSixtyFour, kMuch)});
}

Claim fine_tuning_recovers(const ResultTable& table) {
    constexpr double kPaper = 4;
    const std::string tuned = fine_tuned(kSixtyFour);
    Claim claim{.id = "fgq-5", .source = Source::abstract, .paper = "ResNet-50: above 71.05 of 75.05 %"};
    claim.statement =
        "Fine-tuning for less than 30 % of the original training brings groups of 64 to within 4 points of "
        "float.";
    claim.measure = fmt::format(
        "Top-1 of float minus that of {} on each network that is fine-tuned (epochs: README): below {:g} "
        "points. {}",
        tuned, kPaper, kVerdictRule);
    return judged_over(table, {kFloat, tuned}, std::move(claim),
                       {compared(table, kFloat, tuned, -kInfinity, kPaper)});
}

Claim multiplications_go(const ResultTable& table) {
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
    const std::string ours = deepest(table, {kFour, kSixtyFour});
    for (const auto& [n, low] : expected) {
        const auto measured = table.values(ours, in_groups(n, 8), eliminated);
        if (measured.empty()) continue;
        Figure f{fmt::format("N = {}, all layers of {}", n, ours), Estimate{measured.front()}, low};
        f.unit = "%";
        figures.push_back(shown_only(f));
    }
    Claim claim{
        .id = "fgq-6", .source = Source::abstract, .paper = "75 %, 99 %; the law 1 - 1 / N", .counted = true};
    claim.statement = "75 % of all multiplications are eliminated at N = 4, about 99 % at N = 64.";
    claim.measure =
        "Share of multiplications that is eliminated when each group is added up with signs and multiplied "
        "once, counted by the shapes of the paper's networks: in the ternary layers above 74 and 98 %. Shown "
        "beside: all layers, with the first convolution in 8 bits; and our deepest network, whose layers of "
        "few "
        "channels have smaller groups. Counted, not executed: processors with byte products "
        "multiply each weight.";
    claim.ours = to_string(figures);
    claim.verdict = judge(figures);
    return claim;
}

Claim speed() {
    Claim claim{.id = "fgq-7", .source = Source::abstract};
    claim.statement = "Up to 9 times as fast as full precision at N = 4, 15 times at N = 64.";
    claim.paper = "9 x, 15 x: a performance model, no measurement";
    claim.measure =
        "Our reconstruction of the model, 16 N / (N + 3), gives both figures. What of it arrives on this "
        "kind of machine is measured by `make bench-kernels` (results/timing/*/kernel_speed.md: rows t-g4 "
        "and t-g64 beside f32 and int8), with and without dot-product instructions.";
    claim.command = "make bench-kernels";
    claim.ours = fmt::format("by the model {:.2f} and {:.2f}", speed_by_model(4), speed_by_model(64));
    claim.verdict = {Verdict::Kind::not_attempted, "a model; what was measured is in results/timing"};
    return claim;
}

Claim two_thresholds_help(const ResultTable& table) {
    double groups = 0, helped = 0;
    std::vector<std::string> methods;
    for (int n : kGroups) {
        methods.push_back(in_groups(n, 8));
        for (const std::string& network : table.networks()) {
            const auto all = table.values(network, methods.back(), fact("groups")),
                       better =
                           table.values(network, methods.back(), fact("groups_helped_by_two_thresholds"));
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
    Claim claim{.id = "fgq-8", .source = Source::quoted, .paper = kUnknown};
    claim.statement = "Separate thresholds for positive and negative weights are better than one.";
    claim.measure =
        "With one scale for both signs they cannot be: for any number of nonzero weights those of the "
        "largest magnitudes are the best, and one threshold chooses them (engine/quant/fgq/ternarize.hpp). "
        "Checked over all groups of all networks and N: those whose error is smaller, by more than rounding, "
        "with the best pair of thresholds than with the best single one. With a scale for each sign it is "
        "another method, not built.";
    claim = judged_over(table, methods, std::move(claim), {f});
    if (claim.verdict.kind == Verdict::Kind::not_reproduced && helped == 0)
        claim.verdict = {Verdict::Kind::refuted_by_proof, "where the scale is shared"};
    return claim;
}

Claim batch_norm_is_essential(const ResultTable& table) {
    constexpr double kMuch = 1;
    Claim claim{.id = "fgq-9", .source = Source::memory, .paper = kUnknown};
    claim.statement =
        "Without training, batch norm's statistics must be estimated anew from the quantized network.";
    claim.measure = fmt::format(
        "Top-1 with statistics estimated anew, on images augmented as in training, minus that with the float "
        "network's, N = 4 and 64: above {:g} point. {}",
        kMuch, kVerdictRule);
    return judged_over(table, {kFour, kFour + "-oldbn", kSixtyFour, kSixtyFour + "-oldbn"}, std::move(claim),
                       {compared(table, kFour, kFour + "-oldbn", kMuch),
                        compared(table, kSixtyFour, kSixtyFour + "-oldbn", kMuch)});
}

Claim optimum_beats_twn(const ResultTable& table) {
    Claim claim{.id = "fgq-10a", .source = Source::inference, .paper = kUnknown};
    claim.statement = "Searching the optimum is better than TWN's rule.";
    claim.measure = fmt::format("Top-1 of {0} minus that of {0}-twn: above 0. {1}", kFour, kVerdictRule);
    return judged_over(table, {kFour, kFour + "-twn"}, std::move(claim),
                       {compared(table, kFour, kFour + "-twn", 0)});
}

Claim optimum_matters_in_small_groups(const ResultTable& table) {
    const std::vector<std::string> methods{kFour, kFour + "-twn", kSixtyFour, kSixtyFour + "-twn"};
    Claim claim{.id = "fgq-10b", .source = Source::inference, .paper = kUnknown};
    claim.statement = "The optimum is better than TWN's rule chiefly for small groups.";
    claim.measure = "Gain in top-1 of the optimum over TWN's rule at N = 4 minus that at N = 64: above 0. " +
                    kVerdictRule;
    return judged_over(
        table, methods, std::move(claim),
        {mean_over(
            "gain at N = 4 - gain at N = 64", table.networks_in_grid(methods),
            [&](const std::string& n) {
                return Terms{{n, methods[0]}, {n, methods[1], -1}, {n, methods[2], -1}, {n, methods[3]}};
            },
            paired(table), 0)});
}

Claim first_layer_needs_bits(const ResultTable& table) {
    Claim claim{.id = "fgq-11", .source = Source::inference, .paper = kUnknown};
    claim.statement = "The first convolution needs 8-bit weights.";
    claim.measure =
        fmt::format("Top-1 of {0} minus that of {0}-t, whose first convolution is ternary, too: above 0. {1}",
                    kFour, kVerdictRule);
    return judged_over(table, {kFour, kFour + "-t"}, std::move(claim),
                       {compared(table, kFour, kFour + "-t", 0)});
}

Claim integers_at_equal_storage(const ResultTable& table) {
    Claim claim{.id = "fgq-12", .paper = "not compared"};
    claim.statement =
        "Of two kinds of weights that cost 4 bits, integers with a scale for each output channel are more "
        "accurate than ternary groups of 4.";
    claim.measure = fmt::format("Top-1 of w4a8 minus that of {}, everything else alike: above 0. {}", kFour,
                                kVerdictRule);
    return judged_over(table, {"w4a8", kFour}, std::move(claim), {compared(table, "w4a8", kFour, 0)});
}

std::vector<Claim> claims(const ResultTable& table) {
    return {groups_of_four_without_training(table),
            four_bit_activations(table),
            depth_tolerates(table),
            accuracy_falls_with_groups(table),
            large_groups_need_training(table),
            fine_tuning_recovers(table),
            multiplications_go(table),
            speed(),
            two_thresholds_help(table),
            batch_norm_is_essential(table),
            optimum_beats_twn(table),
            optimum_matters_in_small_groups(table),
            first_layer_needs_bits(table),
            integers_at_equal_storage(table)};
}

}  // namespace nibble::fgq
