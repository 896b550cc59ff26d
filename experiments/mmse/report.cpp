#include "experiments/mmse/report.hpp"

#include <fmt/format.h>

#include "experiments/mmse/claims.hpp"
#include "experiments/mmse/curves.hpp"
#include "experiments/mmse/ordering.hpp"
#include "experiments/mmse/rows.hpp"
#include "experiments/mmse/tables.hpp"

namespace nibble::mmse {

namespace {

const char* kFigures =
    "Mean over the draws of calibration images, ± half the width of its 95 % confidence interval (Student's "
    "t) where there are two or more; methods in which no image has a say have one result. – stands for a "
    "cell without result, and for files of networks with a float side. `w4a4e8` is 4 bits for weights and "
    "activations, 8 in the first and last layer. Bits per weight count scales (32 bits each) and second "
    "tensors; compression is against 32 bits; products are those of the float network times one plus the "
    "share done twice. Batch norm is folded before anything is quantized.";

struct Shown {
    const char* plot;
    const char* title;
};
constexpr Shown kShown[] = {{"-scales", "Error over scale"},
                            {"-layers", "Error of each layer"},
                            {"-fan-in", "Error by the size of an output channel"},
                            {"-bits", "Accuracy over bits"},
                            {"-unbiased", "What the scale of least error shortens"},
                            {"-dual", "Accuracy over the share of dual kernels"},
                            {"-calibration", "Accuracy over the number of calibration images"}};

std::string markdown(const std::string& profile, const Grid& grid, const ResultTable& table,
                     const std::vector<NamedTable>& all, const std::map<std::string, Plot>& drawn,
                     const std::vector<Claim>& claims) {
    const std::string& name = grid.experiment;
    std::string text = fmt::format("# {}, profile `{}`\n\n{}\n\n", grid.title, profile, kFigures);
    for (const NamedTable& t : all)
        text += fmt::format("## {}\n\n{}\n\n{}\n", t.heading, t.text, t.table.markdown());
    for (const auto& [plot, title] : kShown)
        if (drawn.contains(plot)) text += fmt::format("## {1}\n\n![{1}]({0}{2}.svg)\n\n", name, title, plot);
    const Ordering order = ordering(table);
    text += fmt::format(
        "## The paper's ordering\n\nMax-abs < MMSE, tensor < kernel < refined and dual, and passes that are "
        "to help: of {} such steps between cells, {} hold (accuracy does not fall by more than the 95 % "
        "interval of the difference).",
        order.steps, order.held);
    if (order.held < order.steps)
        text += fmt::format(
            " The others, with what they did to the weights of each layer; a step may bring the weights of "
            "every layer nearer and the network no further:\n\n{}",
            order.table.markdown());
    text += fmt::format(
        "\n\n## Claims\n\nJudged from the cells of this profile alone; the paper's figures are on "
        "other networks, with the whole of ImageNet.\n\n{}\n",
        claims_markdown(claims));
    return text + fmt::format(
                      "## More\n\nEvery figure, one row a cell: [{0}.csv]({0}.csv); one row a layer: "
                      "[{0}-layers.csv]({0}-layers.csv).\n",
                      name);
}

}  // namespace

Report report(const std::string& profile, const Grid& grid, const std::vector<ReportedCell>& reported) {
    const ResultTable table(profile, reported);
    const std::vector<NamedTable> all = tables(table);
    const std::vector<Claim> judged = on_their_data(claims(table), grid, profile);

    Report report;
    report.summary = summary_table(table);
    add_claims(report, profile, grid, judged);
    report.plots = plots(grid.title + ", " + profile, table);
    report.files[".md"] = markdown(profile, grid, table, all, report.plots, judged);
    report.files[".csv"] = cell_rows(reported).csv();
    report.files["-layers.csv"] = layer_rows(reported).csv();
    for (const NamedTable& t : all) {
        report.files[t.name + ".csv"] = t.table.csv();
        report.files[t.name + ".tex"] = latex_file(t.table);
    }
    for (const auto& [name, printed] : tables_for_print(table))
        report.files["-paper" + name + ".tex"] = latex_file(printed);
    return report;
}

}  // namespace nibble::mmse
