#include "experiments/fgq/tables.hpp"

#include <fmt/format.h>

#include "engine/models/catalog.hpp"
#include "engine/quant/fgq/multiplications.hpp"
#include "experiments/fgq/methods.hpp"
#include "experiments/fgq/oracles.hpp"

namespace nibble::fgq {

namespace {

std::string accuracy(const Study& study, const std::string& network, const std::string& method) {
    return over_seeds(study.values(network, method), 2);
}

/// Minus what is lost beside the float network.
std::string change(const Study& study, const std::string& network, const std::string& method) {
    return signed_over_seeds(study.differences(network, method, kFloat), 2);
}

std::string draws(const Study& study, const std::string& network, const std::string& method) {
    return count_text(study.results(network, method).size());
}

std::string number(const std::vector<double>& values, int decimals) {
    return values.empty() ? kMissing : fmt::format("{:.{}f}", values.front(), decimals);
}

std::string percent_of(double share) {
    return fmt::format("{:.2f}", 100 * share);
}

}  // namespace

Table paper_table(const Study& study) {
    Table table{{{"Network", false},
                 {"Float (%)"},
                 {"8a-2w, N = 4 (%)"},
                 {"Change (points)"},
                 {"4a-2w, N = 4 (%)"},
                 {"Change (points)"},
                 {"8a-2w, N = 64 (%)"},
                 {"8a-2w, N = 64, fine-tuned (%)"}},
                {}};
    for (const std::string& network : study.networks())
        table.rows.push_back(
            {network, accuracy(study, network, kFloat), accuracy(study, network, in_groups(4, 8)),
             change(study, network, in_groups(4, 8)), accuracy(study, network, in_groups(4, 4)),
             change(study, network, in_groups(4, 4)), accuracy(study, network, in_groups(64, 8)),
             accuracy(study, network, fine_tuned(in_groups(64, 8)))});
    return table;
}

Table group_table(const Study& study) {
    Table table{{{"Network", false}, {"N"}, {"Bits per weight"}}, {}};
    for (const char* title :
         {"Float activations (%)", "8 bits (%)", "Draws", "Change (points)", "4 bits (%)", "Change (points)"})
        table.columns.push_back({title});
    for (const std::string& network : study.networks())
        for (int n : kGroups) {
            const std::string real = in_groups(n, 0), eight = in_groups(n, 8), four = in_groups(n, 4);
            if (study.networks_with({eight}).empty()) continue;
            table.rows.push_back({network, std::to_string(n),
                                  number(study.values(network, eight, bits_per_weight), 2),
                                  accuracy(study, network, real), accuracy(study, network, eight),
                                  draws(study, network, eight), change(study, network, eight),
                                  accuracy(study, network, four), change(study, network, four)});
        }
    return table;
}

Table weight_table(const Study& study) {
    Table table{{{"N"}, {"Gaussian error (%)"}, {"Laplace error (%)"}}, {}};
    for (const std::string& network : study.networks()) table.columns.push_back({network + " error (%)"});
    table.columns.push_back({"Gaussian density (%)"});
    table.columns.push_back({"Laplace density (%)"});
    for (const std::string& network : study.networks()) table.columns.push_back({network + " density (%)"});
    const auto percent = [&](const std::string& network, int n, const char* name) {
        const auto values = study.values(network, in_groups(n, 8), fact(name));
        return values.empty() ? std::string(kMissing) : percent_of(values.front());
    };
    for (const Oracle& o : kOracles) {
        std::vector<std::string> row{std::to_string(o.group), percent_of(o.gaussian_error),
                                     percent_of(o.laplace_error)};
        for (const std::string& network : study.networks())
            row.push_back(percent(network, o.group, "weight_error"));
        row.push_back(percent_of(o.gaussian_density));
        row.push_back(percent_of(o.laplace_density));
        for (const std::string& network : study.networks())
            row.push_back(percent(network, o.group, "density"));
        table.rows.push_back(std::move(row));
    }
    return table;
}

Table multiplication_table(const Study& study) {
    Table table{{{"N"}, {"Eliminated by the law (%)"}}, {}};
    for (const std::string& network : study.networks()) table.columns.push_back({network + ", counted (%)"});
    constexpr const char* kPapers[] = {"resnet50-imagenet", "resnet101-imagenet"};
    for (const char* network : kPapers) table.columns.push_back({fmt::format("{}, by shape (%)", network)});
    table.columns.push_back({"Speed by the paper's model (f32 = 1)"});
    for (int n : kGroups) {
        std::vector<std::string> row{std::to_string(n), percent_of(eliminated_by_law(n))};
        for (const std::string& network : study.networks())
            row.push_back(number(study.values(network, in_groups(n, 8), eliminated), 2));
        for (const char* network : kPapers)
            row.push_back(
                percent_of(multiplications_of(make_model(network), n, Counted::all_layers).eliminated()));
        row.push_back(fmt::format("{:.2f}", speed_by_model(n)));
        table.rows.push_back(std::move(row));
    }
    return table;
}

Table ablation_table(const Study& study) {
    struct Ablation {
        std::string ending, what;
    };
    const std::vector<Ablation> ablations{
        {"-oldbn", "batch norm keeps the float network's statistics"},
        {"-plainbn", "batch norm re-estimated on images that are not augmented"},
        {"-matchbn", "batch norm matched to the float network's statistics"},
        {"-emax", "exponents of activations reach the maximum"},
        {"-twn", "thresholds 0.7 mean |W| (TWN)"},
        {"-exp", "thresholds mean |W| (exponential model)"},
        {"-t", "first convolution ternary, too"}};
    Table table{{{"Network", false},
                 {"Method", false},
                 {"What it changes", false, 0.3},
                 {"Draws"},
                 {"Top-1 (%)"},
                 {"Top-1 without the change (%)"},
                 {"Difference (points)"}},
                {}};
    std::vector<std::string> bases{"w8a8"};
    for (int bits : {8, 4})
        for (int n : kGroups) bases.push_back(in_groups(n, bits));
    for (const std::string& network : study.networks())
        for (const auto& [ending, what] : ablations)
            for (const std::string& base : bases) {
                const std::string method = base + ending;
                if (!study.in_grid(network, method)) continue;
                table.rows.push_back({network, method, what, draws(study, network, method),
                                      accuracy(study, network, method), accuracy(study, network, base),
                                      signed_over_seeds(study.differences(network, method, base), 2)});
            }
    return table;
}

Table storage_table(const Study& study) {
    Table table{
        {{"Network", false}, {"Weights", false}, {"Bits per weight"}, {"Top-1 (%)"}, {"Change (points)"}},
        {}};
    const std::pair<std::string, const char*> rows[] = {{in_groups(4, 8), "ternary, N = 4"},
                                                        {"w4a8", "4 bits, one scale per output channel"},
                                                        {in_groups(64, 8), "ternary, N = 64"},
                                                        {"w8a8", "8 bits, one scale per output channel"}};
    for (const std::string& network : study.networks())
        for (const auto& [method, what] : rows) {
            if (!study.in_grid(network, method)) continue;
            table.rows.push_back({network, what, number(study.values(network, method, bits_per_weight), 2),
                                  accuracy(study, network, method), change(study, network, method)});
        }
    return table;
}

Table tuning_table(const Study& study) {
    Table table{{{"Network", false},
                 {"Method", false},
                 {"Seeds"},
                 {"Float (%)"},
                 {"Before (%)"},
                 {"Fine-tuned (%)"},
                 {"Change from float (points)"},
                 {"Training top-1 (%)"}},
                {}};
    const auto train_top1 = [](const Result& r) -> std::optional<double> { return r.train_top1; };
    for (const std::string& network : study.networks())
        for (int n : kGroups) {
            const std::string before = in_groups(n, 8), after = fine_tuned(before);
            if (!study.in_grid(network, after)) continue;
            table.rows.push_back({network, before, draws(study, network, after),
                                  accuracy(study, network, kFloat), accuracy(study, network, before),
                                  accuracy(study, network, after), change(study, network, after),
                                  over_seeds(study.values(network, after, train_top1), 2)});
        }
    return table;
}

Table full_cell_table(const std::vector<ReportedCell>& cells) {
    Table table = cell_table(cells);
    const std::vector<std::string> facts{"weight_error",    "density",
                                         "groups",          "groups_helped_by_two_thresholds",
                                         "multiplications", "multiplications_left"};
    table.columns.push_back({"bits_per_weight"});
    for (const std::string& name : facts) table.columns.push_back({name});
    for (std::size_t i = 0; i < cells.size(); ++i) {
        const auto add = [&](const Study::Quantity& of) {
            const auto value = cells[i].result ? of(*cells[i].result) : std::nullopt;
            table.rows[i].push_back(value ? fmt::format("{}", *value) : kMissing);
        };
        add(bits_per_weight);
        for (const std::string& name : facts) add(fact(name));
    }
    return table;
}

}  // namespace nibble::fgq
