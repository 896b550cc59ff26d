#include "experiments/mmse/tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "experiments/mmse/unbiased.hpp"
#include "experiments/reports/columns.hpp"

namespace nibble::mmse {

namespace {

using Wanted = std::function<bool(const Method&)>;

constexpr int kFour = 4;

bool weights_only(const Method& m) {
    return m.quantizes_weights() && !m.quantizes_activations();
}

Quantity of_quantization(double (*of)(const Result::Quantization&)) {
    return [of](const Result& r) { return of(*r.quantization); };
}

const Quantity kBitsPerWeight =
                   of_quantization([](const Result::Quantization&q) { return q.bits_per_weight; }),
               kCompression =
                   of_quantization([](const Result::Quantization&q) { return 32 / q.bits_per_weight; }),
               kProducts = of_quantization([](const Result::Quantization&q) { return q.product_overhead; });

std::optional<double> file_kib(const Result& r) {
    if (!r.quantization->file_bytes) return std::nullopt;
    return static_cast<double>(*r.quantization->file_bytes) / 1024;
}

MethodColumn change_from_float(const ResultTable& table) {
    return change_column(table, "Against float (points)", always(kFloat));
}

MethodColumn error_column(const ResultTable& table) {
    return number_column(table, "Relative squared error", mean_weight_error, 6);
}

/// Rows of the methods that are wanted, network by network, the float network first.
Table accuracy_table(const ResultTable& table, const Wanted& wanted) {
    std::vector<std::string> methods{kFloat};
    for (const std::string& method : table.methods())
        if (method != kFloat && wanted(method_from(method))) methods.push_back(method);
    const std::vector<MethodRow> all = rows_in_grid(table, methods);
    std::vector<MethodRow> rows;  // without float networks that have nothing to stand beside
    for (const MethodRow& row : all)
        if (row.key != kFloat || std::ranges::count(all, row.network, &MethodRow::network) > 1)
            rows.push_back(row);
    return table_of(rows, {network_column(),
                           key_column("Method"),
                           {{"What it is", false, 0.3},
                            [](const MethodRow& row) { return describe(method_from(row.key)); }},
                           count_column(table, "Draws"),
                           mean_column(table, "Top-1 (%)"),
                           change_from_float(table),
                           number_column(table, "Bits per weight", kBitsPerWeight, 3),
                           number_column(table, "Compression", kCompression, 2),
                           number_column(table, "Products", kProducts, 3),
                           number_column(table, "File (KiB)", file_kib, 1)});
}

/// The same settings with the exact solver.
std::string with_exact_solver(const MethodRow& row) {
    Method m = method_from(row.key);
    m.solver = Solver::exact;
    return to_string(m);
}

/// Weight error of each solver beside the exact one's.
Table solver_table(const ResultTable& table) {
    std::vector<MethodRow> rows = rows_in_grid(table, table.methods());
    std::erase_if(rows, [](const MethodRow& row) {
        const std::string exact = with_exact_solver(row);
        return exact != "w4a8e8" && exact != "w4a8e8-pt";
    });
    return table_of(
        rows, {network_column(),
               {{"Solver", false},
                [](const MethodRow& row) {
                    const Method m = method_from(row.key);
                    return to_string(m.solver) + (m.per_tensor ? ", per tensor" : ", per kernel");
                }},
               error_column(table),
               {{"Above the exact one (%)"},
                [&](const MethodRow& row) {
                    const auto error = table.values(row.network, row.key, mean_weight_error),
                               least = table.values(row.network, with_exact_solver(row), mean_weight_error);
                    return error.empty() || least.empty()
                               ? kMissing
                               : fmt::format("{:+.3f}", 100 * (error.front() / least.front() - 1));
                }},
               mean_column(table, "Top-1 (%)"),
               change_from_float(table)});
}

/// The methods that are `plain` but for one setting, by its value; network by network.
std::vector<MethodRow> by_setting(const ResultTable& table, int Method::*setting, const std::string& plain) {
    const int usual = method_from(plain).*setting;
    std::map<int, std::string> methods;
    for (const std::string& method : table.methods()) {
        Method m = method_from(method);
        const int value = std::exchange(m.*setting, usual);
        if (to_string(m) == plain) methods[value] = method;
    }
    std::vector<std::string> ordered;
    for (const auto& [value, method] : methods) ordered.push_back(method);
    return rows_in_grid(table, ordered);
}

/// Shares of output channels that are dual, and the threshold tau that gives them.
Table dual_table(const ResultTable& table) {
    return table_of(by_setting(table, &Method::dual_percent, "w4a8e8"),
                    {network_column(),
                     {{"Dual kernels (%)"},
                      [](const MethodRow& row) { return std::to_string(method_from(row.key).dual_percent); }},
                     number_column(table, "Tau", fact("tau"), 4),
                     error_column(table),
                     mean_column(table, "Top-1 (%)"),
                     change_from_float(table),
                     number_column(table, "Bits per weight", kBitsPerWeight, 3),
                     number_column(table, "Products", kProducts, 3)});
}

/// Weight bits down, the four ways to choose weight scales across; activations in 8 bits.
Table bits_table(const ResultTable& table) {
    std::vector<MethodColumn> columns{network_column(), {{"Weight bits"}, own_method()}};
    std::vector<MethodOf> shown;
    for (const auto& [title, way] : {std::pair("Tensor, max-abs", "-pt-wmaxabs"),
                                     {"Tensor, MMSE", "-pt"},
                                     {"Kernel, max-abs", "-wmaxabs"},
                                     {"Kernel, MMSE", ""}}) {
        shown.emplace_back([way](const MethodRow& row) {
            return fmt::format("w{}a8{}{}", row.key, row.key == "8" ? "" : "e8", way);
        });
        columns.push_back(mean_column(table, title, shown.back()));
    }
    std::vector<MethodRow> rows;
    for (const std::string& network : table.networks())
        for (int bits = 2; bits <= 8; ++bits) {
            const MethodRow row{network, std::to_string(bits)};
            if (std::ranges::any_of(shown, [&](auto& method) { return table.in_grid(network, method(row)); }))
                rows.push_back(row);
        }
    return table_of(rows, columns);
}

/// Images that calibrate down: mean, smallest and largest accuracy over the draws.
Table calibration_table(const ResultTable& table) {
    const std::vector<MethodRow> all = by_setting(table, &Method::images, "w4a4e8");
    std::vector<MethodRow> rows;  // of networks with several numbers of images
    for (const MethodRow& row : all)
        if (std::ranges::count(all, row.network, &MethodRow::network) > 1) rows.push_back(row);
    const auto extreme = [&](const char* title, auto chosen) {
        return MethodColumn{{title}, [&table, chosen](const MethodRow& row) {
                                const auto values = table.values(row.network, row.key);
                                return values.empty() ? kMissing : fmt::format("{:.2f}", chosen(values));
                            }};
    };
    return table_of(
        rows, {network_column(),
               {{"Images"}, [](const MethodRow& row) { return std::to_string(method_from(row.key).images); }},
               count_column(table, "Draws"),
               mean_column(table, "Top-1 (%)"),
               extreme("Smallest", [](const std::vector<double>& v) { return std::ranges::min(v); }),
               extreme("Largest", [](const std::vector<double>& v) { return std::ranges::max(v); }),
               change_from_float(table)});
}

}  // namespace

std::vector<NamedTable> tables(const ResultTable& table) {
    const auto usual_images = [](const Method& m) { return m.images == Method::kImages; };
    const auto shown_share = [](const Method& m) {
        return m.dual_percent == 0 || m.dual_percent == 10 || m.dual_percent == 100;
    };
    const auto shown_solver = [](const Method& m) {
        return m.solver == Solver::exact || m.solver == Solver::max_abs;
    };
    std::vector<NamedTable> all{
        {"4-bit weights, float activations", "-weights",
         "Executed in f32 on codes times their step. Dual kernels are the worst of the whole network by "
         "their relative squared error.",
         accuracy_table(table,
                        [&](const Method& m) {
                            return weights_only(m) && m.weight_bits == kFour && shown_solver(m) &&
                                   (m.dual_percent == 0 || m.dual_percent == 10 || m.dual_percent == 100);
                        })},
        {"4-bit activations, float or 8-bit weights", "-activations",
         "Beside float weights executed in f32, as products of codes and floats; beside 8-bit weights as "
         "packed integers.",
         accuracy_table(table,
                        [&](const Method& m) {
                            return m.activation_bits == kFour && (m.weight_bits == 0 || m.weight_bits == 8) &&
                                   usual_images(m);
                        })},
        {"Weights and activations", "-both", "Executed as packed integers.",
         accuracy_table(table,
                        [&](const Method& m) {
                            const bool same_rule =
                                (m.solver == Solver::max_abs) == (m.clipping == Clipping::max_abs);
                            const bool bits = m.activation_bits == 8
                                                  ? m.weight_bits == 8 || m.weight_bits == kFour
                                                  : m.activation_bits == kFour && m.weight_bits == kFour;
                            return bits && usual_images(m) && !m.per_tensor && shown_solver(m) && same_rule &&
                                   shown_share(m);
                        })},
        {"Solvers", "-solvers",
         "Mean over the layers of 4 bits of ||W - W^||^2 / ||W||^2; the exact solver proves how far the "
         "others are from the best scale. Executed as packed integers, activations in 8 bits.",
         solver_table(table)},
        {"Dual kernels", "-dual",
         "4-bit weights, 8-bit activations, executed as packed integers. The threshold tau on a kernel's "
         "relative squared error is the one that leaves this share above it.",
         dual_table(table)},
        {"Weight bits", "-bits",
         "Top-1 (%), executed as packed integers: weights of the bits named, 8 in the first and last layer, "
         "activations in 8 bits.",
         bits_table(table)},
        {"Unbiased scales", "-unbiased",
         "Top-1 (%), executed as packed integers: weights of the bits named, 8 in the first and last layer, "
         "activations in 8 bits. Unbiased: each scale times ||W||^2 / <W, W^>. Biases are corrected on 512 "
         "images.",
         unbiased_table(table)},
        {"Calibration images", "-calibration",
         "w4a4e8, by the number of images that calibrate its activations.", calibration_table(table)}};
    std::erase_if(all, [](const NamedTable& t) { return t.table.rows.empty(); });
    return all;
}

std::map<std::string, Table> tables_for_print(const ResultTable& table) {
    return {{"-weights", methods_by_network(table, "4-bit weights",
                                            {{"float", kFloat},
                                             {"scale per tensor, max-abs", "w4e8-pt-wmaxabs"},
                                             {"scale per tensor, MMSE", "w4e8-pt"},
                                             {"scale per channel, max-abs", "w4e8-wmaxabs"},
                                             {"scale per channel, MMSE", "w4e8"},
                                             {"the same, worst 10 % dual", "w4e8-dual10"},
                                             {"the same, scales refined", "w4e8-refined"}})},
            {"-both", methods_by_network(table, "Weights, activations",
                                         {{"float", kFloat},
                                          {"8, 8 bits", "w8a8"},
                                          {"4, 8 bits, ends 8", "w4a8e8"},
                                          {"4, 4 bits, ends 8", "w4a4e8"},
                                          {"the same, worst 10 % dual", "w4a4e8-dual10"},
                                          {"the same, max-abs", "w4a4e8-wmaxabs-amaxabs"},
                                          {"4, 4 bits, ends 4", "w4a4"}})},
            {"-unbiased", methods_by_network(table, "3-bit weights",
                                             {{"max-abs", "w3a8e8-wmaxabs"},
                                              {"MMSE", "w3a8e8"},
                                              {"unbiased MMSE", "w3a8e8-unbiased"},
                                              {"max-abs, biases corrected", "w3a8e8-wmaxabs-bc"},
                                              {"MMSE, biases corrected", "w3a8e8-bc"},
                                              {"unbiased MMSE, biases corrected", "w3a8e8-unbiased-bc"}})}};
}

Table summary_table(const ResultTable& table) {
    static const std::vector<std::string> kShown{"w8a8",   "w4e8-pt-wmaxabs", "w4e8-wmaxabs", "w4e8-pt",
                                                 "w4e8",   "w4e8-refined",    "w4e8-dual10",  "w4a8e8",
                                                 "w4a4e8", "w4a4e8-dual10"};
    Table summary = accuracy_table(table, [](const Method& m) {
        return std::find(kShown.begin(), kShown.end(), to_string(m)) != kShown.end();
    });
    for (auto& row : summary.rows) row.resize(row.size() - 2);  // products and file
    summary.columns.resize(summary.columns.size() - 2);
    return summary;
}

}  // namespace nibble::mmse
