#include "experiments/reports/generic_tables.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace nibble {

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

std::string label_of(const Cell& c) {
    return c.model + ", " + c.method;
}

}  // namespace

Table summary_table(const std::vector<ReportedCell>& cells) {
    using Heading = ColumnOf<Row>;
    const auto text = [](const char* title, std::string Cell::*part) {
        return Heading{{title, false}, [part](const Row& row) { return row.cell.*part; }};
    };
    const auto mean = [](const char* title, Metrics Result::*on, double Metrics::*figure, int decimals) {
        return Heading{{title}, [on, figure, decimals](const Row& row) {
                           std::vector<double> values;
                           for (const Result& r : row.results) values.push_back(r.*on.*figure);
                           return over_seeds(values, decimals);
                       }};
    };
    const auto scaled = [](const char* title, std::size_t Result::Cost::*part, double unit) {
        return Heading{{title}, [part, unit](const Row& row) {
                           if (row.results.empty()) return std::string(kMissing);
                           return fmt::format("{:.1f}",
                                              static_cast<double>(row.results.front().cost.*part) / unit);
                       }};
    };
    return table_of(
        rows_of(cells),
        {text("Network", &Cell::model), text("Data", &Cell::data), text("Arithmetic", &Cell::method),
         Heading{{"Seeds"}, [](const Row& row) { return count_text(row.results.size()); }},
         mean("Top-1 (%)", &Result::eval, &Metrics::top1, 2),
         mean("Top-5 (%)", &Result::eval, &Metrics::top5, 2), mean("Loss", &Result::eval, &Metrics::loss, 3),
         mean("Training top-1 (%)", &Result::train, &Metrics::top1, 2),
         scaled("MACs (M)", &Result::Cost::macs, 1e6),
         scaled("Weights (KiB)", &Result::Cost::weight_bytes, 1024)});
}

Table cell_table(const std::vector<ReportedCell>& cells, const std::vector<CellColumn>& more) {
    std::vector<CellColumn> columns{
        cell_column("cell", &Cell::name),
        cell_column("model", &Cell::model),
        cell_column("data", &Cell::data),
        cell_column("method", &Cell::method),
        cell_column("seed", &Cell::seed),
        result_column("top1", top1),
        result_column("top5", [](const Result& r) { return r.eval.top5; }),
        result_column("loss", [](const Result& r) { return r.eval.loss; }),
        result_column("train_top1", [](const Result& r) { return r.train.top1; }),
        result_column("train_loss", [](const Result& r) { return r.train.loss; }),
        result_column("epochs", [](const Result& r) { return r.history.size(); }),
        result_column("macs", [](const Result& r) { return r.cost.macs; }),
        result_column("weight_bytes", [](const Result& r) { return r.cost.weight_bytes; }),
        result_column("weights_digest", &Result::weights_digest),
        result_column("predictions_digest", &Result::predictions_digest),
        result_column("key", [](const Result& r) { return r.parts.key(); })};
    columns.insert(columns.end(), more.begin(), more.end());
    return table_of(cells, columns);
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
        for (const EpochRecord& p : first.history) {
            training.points.emplace_back(p.epoch, p.train_top1);
            if (p.eval_top1) test.points.emplace_back(p.epoch, *p.eval_top1);
        }
        for (Curve& curve : std::vector{test, training})
            if (!curve.points.empty()) plot.curves.push_back(curve);
    }
    return plot;
}

}  // namespace nibble
