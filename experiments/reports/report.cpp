#include "experiments/reports/report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/core/json.hpp"

namespace nibble {

namespace fs = std::filesystem;

namespace {

/// The seeds of one network, data set and method.
struct Row {
    Cell cell;  // of the first seed
    std::vector<Result> results;
};

std::vector<Row> rows_of(const std::vector<ReportedCell>& cells) {
    std::vector<Row> rows;
    for (const ReportedCell& reported : cells) {
        const Cell& c = reported.cell;
        auto row = std::find_if(rows.begin(), rows.end(), [&](const Row& r) {
            return r.cell.model == c.model && r.cell.data == c.data && r.cell.method == c.method;
        });
        if (row == rows.end()) row = rows.insert(rows.end(), Row{c, {}});
        if (reported.result) row->results.push_back(*reported.result);
    }
    return rows;
}

std::string field_over_seeds(const std::vector<Result>& results, double Result::*field, int decimals) {
    std::vector<double> values;
    for (const Result& r : results) values.push_back(r.*field);
    return over_seeds(values, decimals);
}

std::string label_of(const Cell& c) {
    return c.model + ", " + c.method;
}

const char* kExplanation =
    "Mean over the seeds, ± half the width of its 95 % confidence interval (Student's t) where there are two "
    "seeds "
    "or more; – stands for a cell without result. Training top-1 is measured on the training images without "
    "augmentation. MACs are multiplications of convolutions and linear layers for one image; weights are "
    "counted in "
    "the width they are multiplied in.";

std::string markdown_report(const std::string& profile, const Grid& grid, const Table& table) {
    std::string text = fmt::format("# {}, profile `{}`\n\n{}\n", grid.title, profile, table.markdown());
    text += fmt::format("{}\n\nEvery figure, one row a cell: [{}.csv]({}.csv).\n", kExplanation,
                        grid.experiment, grid.experiment);
    return text + fmt::format("\n![Learning curves]({}-curves.svg)\n", grid.experiment);
}
}  // namespace

std::vector<ReportedCell> read_cells(const Project& project, const std::string& profile, const Grid& grid,
                                     Refused& refused) {
    std::vector<ReportedCell> cells;
    for (const GridCell& entry : grid.cells(profile)) {
        ReportedCell reported{entry.cell, {}};
        const fs::path path = project.result(profile, entry.cell);
        try {
            if (is_there(path)) reported.result = result_of(entry.cell, read_json(path), path.string());
        } catch (const Error& e) {
            refused.insert(e.what());
        }
        cells.push_back(std::move(reported));
    }
    return cells;
}

Table summary_table(const std::vector<ReportedCell>& cells) {
    Table table{{{"Network", false},
                 {"Data", false},
                 {"Arithmetic", false},
                 {"Seeds"},
                 {"Top-1 (%)"},
                 {"Top-5 (%)"},
                 {"Loss"},
                 {"Training top-1 (%)"},
                 {"MACs (M)"},
                 {"Weights (KiB)"}},
                {}};
    for (const Row& row : rows_of(cells)) {
        const auto& r = row.results;
        const auto scaled = [&](std::size_t Result::*field, double unit) {
            return r.empty() ? std::string(kMissing)
                             : fmt::format("{:.1f}", static_cast<double>(r.front().*field) / unit);
        };
        table.rows.push_back(
            {row.cell.model, row.cell.data, row.cell.method, r.empty() ? kMissing : std::to_string(r.size()),
             field_over_seeds(r, &Result::top1, 2), field_over_seeds(r, &Result::top5, 2),
             field_over_seeds(r, &Result::loss, 3), field_over_seeds(r, &Result::train_top1, 2),
             scaled(&Result::macs, 1e6), scaled(&Result::weight_bytes, 1024)});
    }
    return table;
}

Table cell_table(const std::vector<ReportedCell>& cells) {
    Table table{{{"cell", false},
                 {"model", false},
                 {"data", false},
                 {"method", false},
                 {"seed"},
                 {"top1"},
                 {"top5"},
                 {"loss"},
                 {"train_top1"},
                 {"train_loss"},
                 {"epochs"},
                 {"macs"},
                 {"weight_bytes"},
                 {"weights_digest", false},
                 {"predictions_digest", false},
                 {"key", false}},
                {}};
    for (const auto& [cell, result] : cells) {
        std::vector<std::string> row{cell.name(), cell.model, cell.data, cell.method,
                                     std::to_string(cell.seed)};
        if (result) {
            for (double value :
                 {result->top1, result->top5, result->loss, result->train_top1, result->train_loss})
                row.push_back(fmt::format("{}", value));
            for (std::size_t value : {result->history.size(), result->macs, result->weight_bytes})
                row.push_back(std::to_string(value));
            row.insert(row.end(), {result->weights_digest, result->predictions_digest, result->key});
        }
        row.resize(table.columns.size(), kMissing);
        table.rows.push_back(std::move(row));
    }
    return table;
}

Plot learning_curves(const std::string& title, const std::vector<ReportedCell>& cells) {
    Plot plot{title, "epoch", "top-1 accuracy (%)", {}};
    int colour = 0;
    for (const Row& row : rows_of(cells)) {
        if (row.results.empty()) continue;
        const Result& first = row.results.front();
        Curve test{label_of(row.cell) + ": test", {}, colour, false};
        Curve training{label_of(row.cell) + ": training", {}, colour, true};
        ++colour;
        for (const Result::Point& p : first.history) {
            training.points.emplace_back(p.epoch, p.train_top1);
            if (p.eval_top1) test.points.emplace_back(p.epoch, *p.eval_top1);
        }
        for (Curve& curve : std::vector{test, training})
            if (!curve.points.empty()) plot.curves.push_back(curve);
    }
    return plot;
}

Report generic_report(const std::string& profile, const Grid& grid, const std::vector<ReportedCell>& cells) {
    Report report;
    report.summary = summary_table(cells);
    report.files[".md"] = markdown_report(profile, grid, report.summary);
    report.files[".csv"] = cell_table(cells).csv();
    report.files[".tex"] = latex_file(report.summary);
    report.plots["-curves"] = learning_curves(grid.title + ", profile " + profile, cells);
    return report;
}

std::string latex_file(const Table& table) {
    return "% Made by `nibble report` from the results beside it.\n" + table.latex();
}

MakeReport report_of(const Reports& own, const std::string& experiment) {
    const auto found = own.find(experiment);
    return found == own.end() ? MakeReport(generic_report) : found->second;
}

std::vector<fs::path> write_report(const Project& project, const std::string& profile, const Grid& grid,
                                   const std::vector<ReportedCell>& cells, const MakeReport& make,
                                   std::string& no_plot) {
    if (std::none_of(cells.begin(), cells.end(), [](const auto& c) { return c.result.has_value(); }))
        return {};
    const Report report = make(profile, grid, cells);
    const auto file = [&](const std::string& end) {
        return project.results() / profile / (grid.experiment + end);
    };
    std::vector<fs::path> written;
    try {
        for (const auto& [end, plot] : report.plots) {
            if (plot.curves.empty()) continue;
            draw(plot, file(end));
            written.insert(written.end(), {file(end + ".svg"), file(end + ".pdf")});
        }
    } catch (const Unsupported& e) {
        no_plot = e.what();
    }
    for (const auto& [end, bytes] : report.files) {
        write_file(file(end), bytes);
        written.push_back(file(end));
    }
    return written;
}

std::string with_results(const std::string& text, const std::string& results, const std::string& where) {
    const std::size_t begin = text.find(kResultsBegin), end = text.find(kResultsEnd);
    const bool paired = begin != std::string::npos && end != std::string::npos && begin < end;
    if (!paired || text.find(kResultsBegin, begin + 1) != std::string::npos ||
        text.find(kResultsEnd, end + 1) != std::string::npos)
        throw BadInput(where + ": expected exactly one '" + kResultsBegin + "' with one '" + kResultsEnd +
                       "' after it");
    return text.substr(0, begin) + kResultsBegin + "\n" + results + text.substr(end);
}

}  // namespace nibble
