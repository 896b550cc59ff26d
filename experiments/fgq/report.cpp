#include "experiments/fgq/report.hpp"

#include <fmt/format.h>

#include "experiments/fgq/claims.hpp"
#include "experiments/fgq/curves.hpp"
#include "experiments/fgq/tables.hpp"

namespace nibble::fgq {

namespace {

const char* kFigures =
    "Mean over the calibration draws, ± half the width of its 95 % confidence interval (Student's t) where "
    "there are two or more; – stands for a cell without result. Networks with quantized activations are "
    "evaluated as packed integers; with float activations, in f32 with the values of the ternary weights "
    "(`executed_as` says so). Changes are beside the float network.";

struct Section {
    const char *name, *title;
    Table table;
    const char* words;
};

std::vector<Section> sections_of(const ResultTable& table) {
    return {
        {"", "In the paper's form", paper_table(table), kFigures},
        {"-groups", "By group, without training", group_table(table),
         "N weights share a scale: consecutive input channels at one position of the window. Layers of fewer "
         "channels have smaller groups: those of 16 channels end at 16 whatever N is. Bits per weight count "
         "all layers with their scales, the first one in 8 bits."},
        {"-tuning", "Fine-tuning", tuning_table(table),
         "From the float weights, ternarized anew at every step, by the recipe in the experiment's README."},
        {"-weights", "Weights", weight_table(table),
         "Squared error of the ternary weights relative to their square and the share of them that is not 0, "
         "mean over the ternary layers by their weights, beside independent weights of two densities."},
        {"-multiplications", "Multiplications", multiplication_table(table),
         "Counted: of all multiplications those that go when each group is added up with signs and "
         "multiplied once. The first layer keeps all of its own, and groups end with the channels. This is "
         "what the scheme needs, not what a processor does: byte products multiply each weight. The speed is "
         "the paper's model, 16 N / (N + 3), no measurement; measured speeds are in results/timing."},
        {"-ablations", "Ablations", ablation_table(table),
         "Differences are with minus without the change, draw by draw."},
        {"-storage", "At equal storage", storage_table(table),
         "Groups of 4 cost 2 bits a weight and a quarter of an 8-bit scale, as much as 4-bit integers. "
         "Activations have 8 bits, batch norm is estimated anew in all of them."}};
}

}  // namespace

Report report(const std::string& profile, const Grid& grid, const std::vector<ReportedCell>& reported) {
    const ResultTable table(profile, reported);
    const std::vector<Claim> all = on_their_data(claims(table), grid, profile);
    const std::string title = grid.title + ", profile " + profile, name = grid.experiment;

    Report report;
    report.summary = paper_table(table);
    add_claims(report, profile, grid, all);
    report.plots["-drop"] = drop_plot(title, table);
    report.plots["-weights"] = weight_plot(title, table);
    for (const std::string& network : table.networks())
        report.plots["-" + network] = group_plot(title, table, network);
    std::erase_if(report.plots, [](const auto& plot) { return plot.second.curves.empty(); });

    std::string text = fmt::format("# {}, profile `{}`\n", grid.title, profile);
    for (const Section& s : sections_of(table)) {
        text += fmt::format("\n## {}\n\n{}\n{}\n", s.title, s.table.markdown(), s.words);
        report.files[std::string(s.name) + ".tex"] = latex_file(s.table);
        if (*s.name) report.files[std::string(s.name) + ".csv"] = s.table.csv();
    }
    text += "\n## Plots\n";
    for (const auto& [end, plot] : report.plots)
        text += fmt::format("\n![{0}]({1}{2}.svg)\n", plot.title, name, end);
    text += fmt::format(
        "\n## Claims\n\nJudged from the cells of this profile alone; the paper's figures are on "
        "other networks, with the whole of ImageNet.\n\n{}\nEvery figure, one row a cell: "
        "[{}.csv]({}.csv).\n",
        claims_markdown(all), name, name);
    report.files[".md"] = text;
    report.files[".csv"] = full_cell_table(reported).csv();
    for (const auto& [end, printed] : tables_for_print(table))
        report.files["-paper" + end + ".tex"] = latex_file(printed);
    return report;
}

}  // namespace nibble::fgq
