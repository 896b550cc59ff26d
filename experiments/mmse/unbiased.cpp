#include "experiments/mmse/unbiased.hpp"

#include <fmt/format.h>

#include "experiments/reports/columns.hpp"

namespace nibble::mmse {

namespace {

struct Variant {
    const char* suffix;
    const char* label;
};
constexpr Variant kVariants[] = {{"-wmaxabs", "max-abs"}, {"", "MMSE"}, {"-unbiased", "unbiased MMSE"}};

}  // namespace

Table unbiased_table(const ResultTable& table) {
    constexpr int kFewest = 2, kMost = 4;
    const auto method = [](const MethodRow& row, const char* suffix) {
        return fmt::format("w{}a8e8{}", row.key, suffix);
    };
    std::vector<MethodRow> rows;
    for (const std::string& network : table.networks())
        for (int bits = kFewest; bits <= kMost; ++bits) {
            const MethodRow row{network, std::to_string(bits)};
            if (table.in_grid(network, method(row, "-unbiased")) ||
                table.in_grid(network, method(row, "-unbiased-bc")))
                rows.push_back(row);
        }
    std::vector<MethodColumn> columns{network_column(), {{"Weight bits"}, own_method()}};
    for (const auto& [suffix, title] : {std::pair("", ""), {"-bc", ", biases corrected"}})
        for (const Variant& v : kVariants)
            columns.push_back(mean_column(table, std::string(v.label) + title,
                                          [&, all = std::string(v.suffix) + suffix](const MethodRow& row) {
                                              return method(row, all.c_str());
                                          }));
    return table_of(rows, columns);
}

Plot unbiased_plot(const std::string& title, const ResultTable& table) {
    std::vector<std::string> methods;
    for (const Variant& v : kVariants) methods.push_back(std::string("w3a8e8") + v.suffix + "-bc");
    const std::string network = table.largest_with(methods);
    Plot plot{fmt::format("{}: {}, 3-bit weights, biases corrected", title, network),
              "layer",
              "quantized over float",
              {}};
    plot.legend_above = true;
    if (network.empty()) return plot;
    const std::pair<const char*, const char*> measures[] = {{"weight norm", "length of the weights"},
                                                            {"output deviation", "deviation of the outputs"}};
    int colour = 0;
    for (const Variant& v : kVariants) {
        const auto& curves =
            table.results(network, std::string("w3a8e8") + v.suffix + "-bc").front()->quantization->curves;
        for (const auto& [name, label] : measures)
            if (const auto found = curves.find(name); found != curves.end())
                plot.curves.push_back({fmt::format("{}: {}", v.label, label), found->second, colour,
                                       /*dashed=*/found->first == "weight norm"});
        ++colour;
    }
    return plot;
}

}  // namespace nibble::mmse
