#include "experiments/mmse/unbiased.hpp"

#include <fmt/format.h>

namespace nibble::mmse {

namespace {

struct Variant {
    const char* suffix;
    const char* label;
};
constexpr Variant kVariants[] = {{"-wmaxabs", "max-abs"}, {"", "MMSE"}, {"-unbiased", "unbiased MMSE"}};

}  // namespace

Table unbiased_table(const Study& cells) {
    constexpr int kFewest = 2, kMost = 4;
    Table table{{{"Network", false}, {"Weight bits"}}, {}};
    for (const char* corrected : {"", ", biases corrected"})
        for (const Variant& v : kVariants) table.columns.push_back({std::string(v.label) + corrected});
    for (const std::string& network : cells.networks())
        for (int bits = kFewest; bits <= kMost; ++bits) {
            std::vector<std::string> row{network, std::to_string(bits)};
            bool any = false;
            for (const char* corrected : {"", "-bc"})
                for (const Variant& v : kVariants) {
                    const std::string method = fmt::format("w{}a8e8{}{}", bits, v.suffix, corrected);
                    any = any ||
                          (method.find("-unbiased") != std::string::npos && cells.in_grid(network, method));
                    row.push_back(over_seeds(cells.values(network, method), 2));
                }
            if (any) table.rows.push_back(row);
        }
    return table;
}

Plot unbiased_plot(const std::string& title, const Study& cells) {
    std::vector<std::string> methods;
    for (const Variant& v : kVariants) methods.push_back(std::string("w3a8e8") + v.suffix + "-bc");
    const std::string network = cells.largest_with(methods);
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
            cells.results(network, std::string("w3a8e8") + v.suffix + "-bc").front()->quantized->curves;
        for (const auto& [name, label] : measures)
            if (const auto found = curves.find(name); found != curves.end())
                plot.curves.push_back({fmt::format("{}: {}", v.label, label), found->second, colour,
                                       /*dashed=*/found->first == "weight norm"});
        ++colour;
    }
    return plot;
}

}  // namespace nibble::mmse
