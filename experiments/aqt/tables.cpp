#include "experiments/aqt/tables.hpp"

#include "experiments/aqt/methods.hpp"
#include "experiments/reports/generic_tables.hpp"

namespace nibble::aqt {

namespace {

Quantity relative_cost(CostModel model) {
    return [model](const Result& r) { return cost_of(r, model) / bf16_cost(r, model); };
}

/// The method that an ablation is compared with, of those that the grid has for its network.
std::optional<std::string> base_in(const ResultTable& table, const MethodRow& row) {
    std::vector<std::string> known;
    for (const std::string& method : table.methods())
        if (table.in_grid(row.network, method)) known.push_back(method);
    return base_of(row.key, known);
}

MethodOf base_method(const ResultTable& table) {
    return [&table](const MethodRow& row) { return *base_in(table, row); };
}

std::vector<MethodRow> ablation_rows(const ResultTable& table) {
    std::vector<MethodRow> rows = rows_in_grid(table, table.methods());
    std::erase_if(rows, [&](const MethodRow& row) { return !base_in(table, row); });
    return rows;
}

}  // namespace

Table method_table(const ResultTable& table) {
    constexpr int kDecimals = 4;
    const MethodOf own = own_method();
    return table_of(rows_in_grid(table, table.methods()),
                    {network_column(), key_column("Method"), count_column(table, "Seeds"),
                     mean_column(table, "Top-1, last epoch (%)"),
                     mean_column(table, "Top-1, smoothed maximum (%)", own, smoothed),
                     mean_column(table, "Training top-1 (%)", own, train_top1),
                     mean_column(table, "Generalization gap (points)", own, gap),
                     number_column(table, "Linear cost", relative_cost(CostModel::linear), kDecimals),
                     number_column(table, "Quadratic cost", relative_cost(CostModel::quadratic), kDecimals)});
}

Table ablation_table(const ResultTable& table) {
    const MethodOf own = own_method(), base = base_method(table);
    const auto differences = [&](const MethodRow& row) {
        return table.differences(row.network, row.key, base(row), top1, Pairing::same_seed);
    };
    return table_of(
        ablation_rows(table),
        {network_column(),
         key_column("Ablation"),
         {{"What it changes", false, 0.25}, [](const MethodRow& row) { return difference_of(row.key); }},
         {{"Base", false}, base},
         {{"Seeds"}, [&](const MethodRow& row) { return count_text(differences(row).size()); }},
         mean_column(table, "Top-1 (%)"),
         mean_column(table, "Top-1 of the base (%)", base),
         change_column(table, "Difference (points)", base, own, top1, Pairing::same_seed),
         change_column(table, "Difference of smoothed maxima", base, own, smoothed, Pairing::same_seed)});
}

Table accuracies_for_print(const ResultTable& table) {
    std::vector<MethodRow> rows;
    std::vector<MethodColumn> columns{
        network_column(),
        number_column(
            table, "MACs (M)", [](const Result& r) { return static_cast<double>(r.cost.macs) / 1e6; }, 1)};
    for (const std::string& network : table.networks_with_results({"w4a4e8"}))
        rows.push_back({network, "w4a4e8"});
    for (const std::string& method : table.methods())
        if (on_curve(method)) columns.push_back(mean_column(table, method, always(method)));
    return table_of(rows, columns);
}

Table ablations_for_print(const ResultTable& table) {
    const std::string network = table.networks().front();
    std::vector<MethodRow> rows = ablation_rows(table);
    std::erase_if(rows, [&](const MethodRow& row) {
        return row.network != network || table.results(network, row.key).empty();
    });
    const MethodOf base = base_method(table);
    return table_of(rows, {key_column(network),
                           {{"What it changes", false, 0.45},
                            [](const MethodRow& row) { return difference_of(row.key); }},
                           {{"Base", false}, base},
                           mean_column(table, "Top-1 (%)"),
                           change_column(table, "Difference", base, own_method(), top1, Pairing::same_seed)});
}

Table full_cell_table(const std::vector<ReportedCell>& cells) {
    return cell_table(
        cells, {result_column("smoothed_maximum", smoothed), result_column("generalization_gap", gap),
                result_column("linear_cost", [](const Result& r) { return r.cost.linear; }),
                result_column("quadratic_cost", [](const Result& r) { return r.cost.quadratic; }),
                result_column("activation_bytes", [](const Result& r) { return r.cost.activation_bytes; })});
}

}  // namespace nibble::aqt
