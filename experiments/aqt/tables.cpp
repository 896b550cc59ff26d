#include "experiments/aqt/tables.hpp"

#include <fmt/format.h>

namespace nibble::aqt {

namespace {

std::string relative_cost(const std::vector<const Result*>& results, CostModel model) {
    if (results.empty()) return kMissing;
    return fmt::format("{:.4f}", cost_of(*results.front(), model) / bf16_cost(*results.front(), model));
}

}  // namespace

Table method_table(const Cells& cells) {
    Table table{{{"Network", false},
                 {"Method", false},
                 {"Seeds"},
                 {"Top-1, last epoch (%)"},
                 {"Top-1, smoothed maximum (%)"},
                 {"Training top-1 (%)"},
                 {"Generalization gap (points)"},
                 {"Linear cost"},
                 {"Quadratic cost"}},
                {}};
    for (const std::string& network : cells.networks())
        for (const std::string& method : cells.methods()) {
            if (!cells.in_grid(network, method)) continue;
            const auto r = cells.results(network, method);
            table.rows.push_back({network, method, count_text(r.size()), over_seeds(each(r, top1), 2),
                                  over_seeds(each(r, smoothed), 2), over_seeds(each(r, train_top1), 2),
                                  over_seeds(each(r, gap), 2), relative_cost(r, CostModel::linear),
                                  relative_cost(r, CostModel::quadratic)});
        }
    return table;
}

Table ablation_table(const Cells& cells) {
    Table table{{{"Network", false},
                 {"Ablation", false},
                 {"What it changes", false, 0.25},
                 {"Base", false},
                 {"Seeds"},
                 {"Top-1 (%)"},
                 {"Top-1 of the base (%)"},
                 {"Difference (points)"},
                 {"Difference of smoothed maxima"}},
                {}};
    for (const std::string& network : cells.networks()) {
        std::vector<std::string> known;
        for (const std::string& method : cells.methods())
            if (cells.in_grid(network, method)) known.push_back(method);
        for (const std::string& method : known) {
            const auto base = base_of(method, known);
            if (!base) continue;
            const auto differences = cells.differences(network, method, *base, top1);
            const auto smoothed_differences = cells.differences(network, method, *base, smoothed);
            table.rows.push_back(
                {network, method, difference_of(method), *base, count_text(differences.size()),
                 over_seeds(each(cells.results(network, method), top1), 2),
                 over_seeds(each(cells.results(network, *base), top1), 2), signed_over_seeds(differences, 2),
                 signed_over_seeds(smoothed_differences, 2)});
        }
    }
    return table;
}

Table full_cell_table(const std::vector<ReportedCell>& cells) {
    Table table = cell_table(cells);
    for (const char* title :
         {"smoothed_maximum", "generalization_gap", "linear_cost", "quadratic_cost", "activation_bytes"})
        table.columns.push_back({title});
    for (std::size_t i = 0; i < cells.size(); ++i) {
        auto& row = table.rows[i];
        if (const auto& r = cells[i].result) {
            const auto maximum = smoothed(*r);
            row.push_back(maximum ? fmt::format("{}", *maximum) : kMissing);
            row.push_back(fmt::format("{}", r->generalization_gap()));
            for (std::size_t value : {r->linear_cost, r->quadratic_cost, r->activation_bytes})
                row.push_back(std::to_string(value));
        }
        row.resize(table.columns.size(), kMissing);
    }
    return table;
}

}  // namespace nibble::aqt
