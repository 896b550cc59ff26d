#include "experiments/mmse/tables.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "experiments/mmse/unbiased.hpp"
#include "experiments/support/statistics.hpp"

namespace nibble::mmse {

namespace {

using Wanted = std::function<bool(const Method&)>;

constexpr int kFour = 4;

bool weights_only(const Method& m) {
    return m.quantizes_weights() && !m.quantizes_activations();
}

/// A cell's figure, or a dash without result.
std::string figure(const std::vector<const Result*>& results,
                   const std::function<std::string(const Result&)>& of) {
    return results.empty() ? kMissing : of(*results.front());
}

std::string kib(const Result& r) {
    return r.quantized->file_bytes
               ? fmt::format("{:.1f}", static_cast<double>(*r.quantized->file_bytes) / 1024)
               : kMissing;
}

/// Rows of the methods that are wanted, network by network, the float network first.
Table accuracy_table(const Study& cells, const Wanted& wanted) {
    Table table{{{"Network", false},
                 {"Method", false},
                 {"What it is", false, 0.3},
                 {"Draws"},
                 {"Top-1 (%)"},
                 {"Against float (points)"},
                 {"Bits per weight"},
                 {"Compression"},
                 {"Products"},
                 {"File (KiB)"}},
                {}};
    for (const std::string& network : cells.networks()) {
        const auto add = [&](const std::string& method) {
            const auto r = cells.results(network, method);
            table.rows.push_back(
                {network, method, describe(method_from(method)), count_text(r.size()),
                 over_seeds(cells.values(network, method), 2),
                 signed_over_seeds(cells.differences(network, method, kFloat), 2),
                 figure(r,
                        [](const Result& x) { return fmt::format("{:.3f}", x.quantized->bits_per_weight); }),
                 figure(r,
                        [](const Result& x) {
                            return fmt::format("{:.2f}", 32 / x.quantized->bits_per_weight);
                        }),
                 figure(r,
                        [](const Result& x) { return fmt::format("{:.3f}", x.quantized->product_overhead); }),
                 figure(r, kib)});
        };
        bool any = false;
        for (const std::string& method : cells.methods()) {
            if (!cells.in_grid(network, method) || method == kFloat || !wanted(method_from(method))) continue;
            if (!any && cells.in_grid(network, kFloat)) add(kFloat);
            any = true;
            add(method);
        }
    }
    return table;
}

/// Weight error of each solver beside the exact one's.
Table solver_table(const Study& cells) {
    Table table{{{"Network", false},
                 {"Solver", false},
                 {"Relative squared error"},
                 {"Above the exact one (%)"},
                 {"Top-1 (%)"},
                 {"Against float (points)"}},
                {}};
    for (const std::string& network : cells.networks())
        for (const std::string& method : cells.methods()) {
            const Method m = method_from(method);
            Method plain = m;
            plain.solver = Solver::exact;
            const bool compared = to_string(plain) == "w4a8e8" || to_string(plain) == "w4a8e8-pt";
            if (!compared || !cells.in_grid(network, method)) continue;
            const auto r = cells.results(network, method), best = cells.results(network, to_string(plain));
            const std::string above =
                r.empty() || best.empty()
                    ? kMissing
                    : fmt::format(
                          "{:+.3f}",
                          100 * (mean_weight_error(*r.front()) / mean_weight_error(*best.front()) - 1));
            table.rows.push_back(
                {network, to_string(m.solver) + (m.per_tensor ? ", per tensor" : ", per kernel"),
                 figure(r, [](const Result& x) { return fmt::format("{:.6f}", mean_weight_error(x)); }),
                 above, over_seeds(cells.values(network, method), 2),
                 signed_over_seeds(cells.differences(network, method, kFloat), 2)});
        }
    return table;
}

/// Shares of dual kernels, and the threshold tau that gives them.
Table dual_table(const Study& cells) {
    Table table{{{"Network", false},
                 {"Dual kernels (%)"},
                 {"Tau"},
                 {"Relative squared error"},
                 {"Top-1 (%)"},
                 {"Against float (points)"},
                 {"Bits per weight"},
                 {"Products"}},
                {}};
    for (const std::string& network : cells.networks()) {
        std::vector<std::pair<int, std::string>> by_share;
        for (const std::string& method : cells.methods()) {
            Method plain = method_from(method);
            const int share = plain.dual_percent;
            plain.dual_percent = 0;
            if (cells.in_grid(network, method) && to_string(plain) == "w4a8e8")
                by_share.emplace_back(share, method);
        }
        std::sort(by_share.begin(), by_share.end());
        for (const auto& [share, method] : by_share) {
            const auto r = cells.results(network, method);
            table.rows.push_back(
                {network, std::to_string(share),
                 figure(r,
                        [](const Result& x) {
                            const auto tau = x.quantized->facts.find("tau");
                            return tau == x.quantized->facts.end() ? kMissing
                                                                   : fmt::format("{:.4f}", tau->second);
                        }),
                 figure(r, [](const Result& x) { return fmt::format("{:.6f}", mean_weight_error(x)); }),
                 over_seeds(cells.values(network, method), 2),
                 signed_over_seeds(cells.differences(network, method, kFloat), 2),
                 figure(r,
                        [](const Result& x) { return fmt::format("{:.3f}", x.quantized->bits_per_weight); }),
                 figure(r, [](const Result& x) {
                     return fmt::format("{:.3f}", x.quantized->product_overhead);
                 })});
        }
    }
    return table;
}

/// Weight bits down, the four ways to choose weight scales across; activations in 8 bits.
Table bits_table(const Study& cells) {
    Table table{{{"Network", false},
                 {"Weight bits"},
                 {"Tensor, max-abs"},
                 {"Tensor, MMSE"},
                 {"Kernel, max-abs"},
                 {"Kernel, MMSE"}},
                {}};
    for (const std::string& network : cells.networks())
        for (int bits = 2; bits <= 8; ++bits) {
            std::vector<std::string> row{network, std::to_string(bits)};
            bool any = false;
            for (const char* way : {"-pt-wmaxabs", "-pt", "-wmaxabs", ""}) {
                const std::string method = fmt::format("w{}a8{}{}", bits, bits < 8 ? "e8" : "", way);
                any = any || cells.in_grid(network, method);
                row.push_back(over_seeds(cells.values(network, method), 2));
            }
            if (any) table.rows.push_back(row);
        }
    return table;
}

/// Images down to `what` columns: mean, smallest and largest accuracy over the draws.
Table calibration_table(const Study& cells) {
    Table table{{{"Network", false},
                 {"Images"},
                 {"Draws"},
                 {"Top-1 (%)"},
                 {"Smallest"},
                 {"Largest"},
                 {"Against float (points)"}},
                {}};
    for (const std::string& network : cells.networks()) {
        std::vector<std::pair<int, std::string>> by_size;
        for (const std::string& method : cells.methods()) {
            Method plain = method_from(method);
            const int images = plain.images;
            plain.images = Method::kImages;
            if (cells.in_grid(network, method) && to_string(plain) == "w4a4e8")
                by_size.emplace_back(images, method);
        }
        if (by_size.size() < 2) continue;
        std::sort(by_size.begin(), by_size.end());
        for (const auto& [images, method] : by_size) {
            const auto values = cells.values(network, method);
            const auto extreme = [&](bool largest) {
                if (values.empty()) return std::string(kMissing);
                return fmt::format("{:.2f}", largest ? *std::max_element(values.begin(), values.end())
                                                     : *std::min_element(values.begin(), values.end()));
            };
            table.rows.push_back({network, std::to_string(images), count_text(values.size()),
                                  over_seeds(values, 2), extreme(false), extreme(true),
                                  signed_over_seeds(cells.differences(network, method, kFloat), 2)});
        }
    }
    return table;
}

}  // namespace

std::vector<NamedTable> tables(const Study& cells) {
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
         "their "
         "relative squared error.",
         accuracy_table(cells,
                        [&](const Method& m) {
                            return weights_only(m) && m.weight_bits == kFour && shown_solver(m) &&
                                   (m.dual_percent == 0 || m.dual_percent == 10 || m.dual_percent == 100);
                        })},
        {"4-bit activations, float or 8-bit weights", "-activations",
         "Beside float weights executed in f32, as products of codes and floats; beside 8-bit weights as "
         "packed "
         "integers.",
         accuracy_table(cells,
                        [&](const Method& m) {
                            return m.activation_bits == kFour && (m.weight_bits == 0 || m.weight_bits == 8) &&
                                   usual_images(m);
                        })},
        {"Weights and activations", "-both", "Executed as packed integers.",
         accuracy_table(cells,
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
         solver_table(cells)},
        {"Dual kernels", "-dual",
         "4-bit weights, 8-bit activations, executed as packed integers. The threshold tau on a kernel's "
         "relative squared error is the one that leaves this share above it.",
         dual_table(cells)},
        {"Weight bits", "-bits",
         "Top-1 (%), executed as packed integers: weights of the bits named, 8 in the first and last layer, "
         "activations in 8 bits.",
         bits_table(cells)},
        {"Unbiased scales", "-unbiased",
         "Top-1 (%), executed as packed integers: weights of the bits named, 8 in the first and last layer, "
         "activations in 8 bits. Unbiased: each scale times ||W||^2 / <W, W^>. Biases are corrected on 512 "
         "images.",
         unbiased_table(cells)},
        {"Calibration images", "-calibration",
         "w4a4e8, by the number of images that calibrate its activations.", calibration_table(cells)}};
    std::erase_if(all, [](const NamedTable& t) { return t.table.rows.empty(); });
    return all;
}

Table summary_table(const Study& cells) {
    static const std::vector<std::string> kShown{"w8a8",   "w4e8-pt-wmaxabs", "w4e8-wmaxabs", "w4e8-pt",
                                                 "w4e8",   "w4e8-refined",    "w4e8-dual10",  "w4a8e8",
                                                 "w4a4e8", "w4a4e8-dual10"};
    Table table = accuracy_table(cells, [](const Method& m) {
        return std::find(kShown.begin(), kShown.end(), to_string(m)) != kShown.end();
    });
    for (auto& row : table.rows) row.resize(row.size() - 2);  // products and file
    table.columns.resize(table.columns.size() - 2);
    return table;
}

}  // namespace nibble::mmse
