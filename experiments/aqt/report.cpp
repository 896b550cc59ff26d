#include "experiments/aqt/report.hpp"

#include <fmt/format.h>

#include "experiments/aqt/claims.hpp"
#include "experiments/aqt/curves.hpp"
#include "experiments/aqt/tables.hpp"

namespace nibble::aqt {

namespace {

const char* kFigures =
    "Mean over the seeds, ± half the width of its 95 % confidence interval (Student's t) where there are two "
    "seeds or more; – stands for a cell without result. Quantized networks are evaluated as packed integers. "
    "Training top-1 is measured on the training images without augmentation; the generalization gap is "
    "training minus test. Smoothed maximum: the largest test accuracy after any epoch with quantized "
    "activations, smoothed by a triangular window 5 epochs wide. Costs are relative to the same network in "
    "bf16: linear counts multiplications times bits, quadratic times the bits of both operands.";

std::string sections(const std::string& profile, const Grid& grid, const ResultTable& table,
                     const Report& report, const Table& ablations, const std::vector<Claim>& all) {
    const std::string& name = grid.experiment;
    std::string text = fmt::format("# {}, profile `{}`\n\n", grid.title, profile);
    text += fmt::format("All networks are trained on {}.\n\n", table.data());
    text += fmt::format(
        "## Accuracy over cost\n\n![Linear cost]({0}-linear.svg)\n\n![Quadratic cost]({0}-quadratic.svg)\n\n",
        name);
    text += fmt::format(
        "Test accuracy after the last epoch, mean over the seeds; the costs are relative to {} in bf16, "
        "which is 1. Lines join the Pareto front of each method.\n\n",
        reference_of(table));
    text += "## Networks and methods\n\n" + report.summary.markdown() + "\n" + kFigures + "\n\n";
    text += "## Ablations\n\n" + ablations.markdown() +
            "\nDifferences are ablation minus base on the same network, seed by seed.\n\n";
    text += fmt::format("## Generalization gap\n\n![Generalization gap]({0}-gap.svg)\n\n", name);
    text += fmt::format(
        "## Claims\n\nJudged from the cells of this profile alone; where the paper's figures are on "
        "ImageNet, these are not.\n\n{}\n",
        claims_markdown(all));
    text += fmt::format(
        "## More\n\nEvery figure, one row a cell: [{0}.csv]({0}.csv). Accuracy by epoch, {1}:\n\n![Learning "
        "curves]({0}-curves.svg)\n",
        name, reference_of(table));
    return text;
}

}  // namespace

Report report(const std::string& profile, const Grid& grid, const std::vector<ReportedCell>& reported) {
    const ResultTable table(profile, reported);
    const Table ablations = ablation_table(table);
    const std::vector<Claim> all = claims(table);
    const std::string title = grid.title + ", profile " + profile;

    Report report;
    report.summary = method_table(table);
    add_claims(report, profile, grid, all);
    report.files[".md"] = sections(profile, grid, table, report, ablations, all);
    report.files[".csv"] = full_cell_table(reported).csv();
    report.files[".tex"] = latex_file(report.summary);
    report.files["-ablations.csv"] = ablations.csv();
    report.files["-ablations.tex"] = latex_file(ablations);
    report.files["-paper.tex"] = latex_file(accuracies_for_print(table));
    report.files["-paper-ablations.tex"] = latex_file(ablations_for_print(table));
    const std::pair<const char*, Plot> plots[] = {
        {"-linear", cost_plot(title, table, CostModel::linear)},
        {"-quadratic", cost_plot(title, table, CostModel::quadratic)},
        {"-gap", gap_plot(title, table)},
        {"-curves", epoch_plot(title, reported, table)}};
    for (const auto& [end, plot] : plots)
        if (!plot.curves.empty()) report.plots[end] = plot;
    return report;
}

}  // namespace nibble::aqt
