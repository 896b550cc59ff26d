#include "experiments/fgq/tables.hpp"

#include <fmt/format.h>

#include <map>

#include "engine/models/catalog.hpp"
#include "engine/quant/fgq/multiplications.hpp"
#include "experiments/fgq/methods.hpp"
#include "experiments/fgq/oracles.hpp"
#include "experiments/reports/generic_tables.hpp"

namespace nibble::fgq {

namespace {

MethodOf ternary(int group, int activation_bits) {
    return always(in_groups(group, activation_bits));
}

/// Minus what is lost beside the float network.
MethodColumn change_from_float(const ResultTable& table, const std::string& title,
                               const MethodOf& method = own_method()) {
    return change_column(table, title, always(kFloat), method);
}

std::string percent_of(double share) {
    return fmt::format("{:.2f}", 100 * share);
}

struct Ablation {
    std::string ending, what;
};
const std::vector<Ablation> kAblations{
    {"-oldbn", "batch norm keeps the float network's statistics"},
    {"-plainbn", "batch norm re-estimated on images that are not augmented"},
    {"-matchbn", "batch norm matched to the float network's statistics"},
    {"-emax", "exponents of activations reach the maximum"},
    {"-twn", "thresholds 0.7 mean |W| (TWN)"},
    {"-exp", "thresholds mean |W| (exponential model)"},
    {"-t", "first convolution ternary, too"}};

}  // namespace

Table paper_table(const ResultTable& table) {
    std::vector<MethodRow> rows;
    for (const std::string& network : table.networks()) rows.push_back({network, ""});
    return table_of(
        rows, {network_column(), mean_column(table, "Float (%)", always(kFloat)),
               mean_column(table, "8a-2w, N = 4 (%)", ternary(4, 8)),
               change_from_float(table, "Change (points)", ternary(4, 8)),
               mean_column(table, "4a-2w, N = 4 (%)", ternary(4, 4)),
               change_from_float(table, "Change (points)", ternary(4, 4)),
               mean_column(table, "8a-2w, N = 64 (%)", ternary(64, 8)),
               mean_column(table, "8a-2w, N = 64, fine-tuned (%)", always(fine_tuned(in_groups(64, 8))))});
}

Table group_table(const ResultTable& table) {
    std::vector<MethodRow> rows;
    for (const std::string& network : table.networks())
        for (int n : kGroups)
            if (!table.networks_in_grid({in_groups(n, 8)}).empty())
                rows.push_back({network, std::to_string(n)});
    const auto with = [](int bits) {
        return [bits](const MethodRow& row) { return in_groups(std::stoi(row.key), bits); };
    };
    return table_of(rows, {network_column(),
                           {{"N"}, own_method()},
                           number_column(table, "Bits per weight", bits_per_weight, 2, with(8)),
                           mean_column(table, "Float activations (%)", with(0)),
                           mean_column(table, "8 bits (%)", with(8)),
                           count_column(table, "Draws", with(8)),
                           change_from_float(table, "Change (points)", with(8)),
                           mean_column(table, "4 bits (%)", with(4)),
                           change_from_float(table, "Change (points)", with(4))});
}

Table weight_table(const ResultTable& table) {
    using ByGroup = ColumnOf<Oracle>;
    const auto percent = [](const char* title, double Oracle::*share) {
        return ByGroup{{title}, [share](const Oracle& o) { return percent_of(o.*share); }};
    };
    std::vector<ByGroup> columns{{{"N"}, [](const Oracle& o) { return std::to_string(o.group); }},
                                 percent("Gaussian error (%)", &Oracle::gaussian_error),
                                 percent("Laplace error (%)", &Oracle::laplace_error)};
    const auto add_networks = [&](const char* what, const char* name) {
        for (const std::string& network : table.networks())
            columns.push_back({{network + what}, [&table, network, name](const Oracle& o) {
                                   const auto of = table.values(network, in_groups(o.group, 8), fact(name));
                                   return of.empty() ? std::string(kMissing) : percent_of(of.front());
                               }});
    };
    add_networks(" error (%)", "weight_error");
    columns.push_back(percent("Gaussian density (%)", &Oracle::gaussian_density));
    columns.push_back(percent("Laplace density (%)", &Oracle::laplace_density));
    add_networks(" density (%)", "density");
    return table_of(kOracles, columns);
}

Table multiplication_table(const ResultTable& table) {
    using ByGroup = ColumnOf<int>;
    std::vector<ByGroup> columns{
        {{"N"}, [](int n) { return std::to_string(n); }},
        {{"Eliminated by the law (%)"}, [](int n) { return percent_of(eliminated_by_law(n)); }}};
    for (const std::string& network : table.networks())
        columns.push_back({{network + ", counted (%)"}, [&table, network](int n) {
                               const auto of = table.values(network, in_groups(n, 8), eliminated);
                               return of.empty() ? kMissing : fmt::format("{:.2f}", of.front());
                           }});
    for (const char* network : {"resnet50-imagenet", "resnet101-imagenet"})
        columns.push_back(
            {{fmt::format("{}, by shape (%)", network)}, [network](int n) {
                 return percent_of(
                     multiplications_of(make_model(network), n, Counted::all_layers).eliminated());
             }});
    columns.push_back({{"Speed by the paper's model (f32 = 1)"},
                       [](int n) { return fmt::format("{:.2f}", speed_by_model(n)); }});
    return table_of(std::vector(std::begin(kGroups), std::end(kGroups)), columns);
}

Table ablation_table(const ResultTable& table) {
    std::vector<std::string> bases{"w8a8"};
    for (int bits : {8, 4})
        for (int n : kGroups) bases.push_back(in_groups(n, bits));
    std::vector<std::string> methods;
    std::map<std::string, std::string> base_of, what_of;
    for (const auto& [ending, what] : kAblations)
        for (const std::string& base : bases) {
            methods.push_back(base + ending);
            base_of[methods.back()] = base;
            what_of[methods.back()] = what;
        }
    const MethodOf base = [&](const MethodRow& row) { return base_of.at(row.key); };
    return table_of(
        rows_in_grid(table, methods),
        {network_column(),
         key_column("Method"),
         {{"What it changes", false, 0.3}, [&](const MethodRow& row) { return what_of.at(row.key); }},
         count_column(table, "Draws"),
         mean_column(table, "Top-1 (%)"),
         mean_column(table, "Top-1 without the change (%)", base),
         change_column(table, "Difference (points)", base)});
}

Table storage_table(const ResultTable& table) {
    const std::map<std::string, std::string> names{{in_groups(4, 8), "ternary, N = 4"},
                                                   {"w4a8", "4 bits, one scale per output channel"},
                                                   {in_groups(64, 8), "ternary, N = 64"},
                                                   {"w8a8", "8 bits, one scale per output channel"}};
    return table_of(rows_in_grid(table, {in_groups(4, 8), "w4a8", in_groups(64, 8), "w8a8"}),
                    {network_column(),
                     {{"Weights", false}, [&](const MethodRow& row) { return names.at(row.key); }},
                     number_column(table, "Bits per weight", bits_per_weight, 2),
                     mean_column(table, "Top-1 (%)"),
                     change_from_float(table, "Change (points)")});
}

Table tuning_table(const ResultTable& table) {
    const auto train_top1 = [](const Result& r) { return r.train.top1; };
    const MethodOf tuned = [](const MethodRow& row) { return fine_tuned(row.key); };
    std::vector<MethodRow> rows;
    for (const std::string& network : table.networks())
        for (int n : kGroups)
            if (table.in_grid(network, fine_tuned(in_groups(n, 8))))
                rows.push_back({network, in_groups(n, 8)});
    return table_of(rows, {network_column(), key_column("Method"), count_column(table, "Seeds", tuned),
                           mean_column(table, "Float (%)", always(kFloat)), mean_column(table, "Before (%)"),
                           mean_column(table, "Fine-tuned (%)", tuned),
                           change_from_float(table, "Change from float (points)", tuned),
                           mean_column(table, "Training top-1 (%)", tuned, train_top1)});
}

std::map<std::string, Table> tables_for_print(const ResultTable& table) {
    const std::string four = in_groups(4, 8);
    std::vector<PrintedMethod> groups{{"float", kFloat}};
    for (int n : kGroups) groups.push_back({fmt::format("N = {}, 8-bit activations", n), in_groups(n, 8)});
    groups.push_back({"N = 4, 4-bit activations", in_groups(4, 4)});
    groups.push_back({"N = 64, 8-bit activations, fine-tuned", fine_tuned(in_groups(64, 8))});
    std::vector<PrintedMethod> details;
    for (const auto& [ending, what] : kAblations)
        details.push_back({what, (ending == "-emax" ? in_groups(4, 4) : four) + ending,
                           ending == "-emax" ? in_groups(4, 4) : four});
    details.push_back({"4-bit integers instead", "w4a8", four});
    return {{"-groups", methods_by_network(table, "Top-1 (%)", groups)},
            {"-details", methods_by_network(table, "Change (points)", details, 0.4)}};
}

Table full_cell_table(const std::vector<ReportedCell>& cells) {
    std::vector<CellColumn> more{result_column("bits_per_weight", bits_per_weight)};
    for (const char* name : {"weight_error", "density", "groups", "groups_helped_by_two_thresholds",
                             "multiplications", "multiplications_left"})
        more.push_back(result_column(name, fact(name)));
    return cell_table(cells, more);
}

}  // namespace nibble::fgq
