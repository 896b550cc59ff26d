#include "experiments/reports/speed_report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/core/error.hpp"
#include "engine/core/spelling.hpp"
#include "engine/quant/fgq/multiplications.hpp"

namespace nibble {

namespace fs = std::filesystem;

namespace {

const std::vector<std::string> kPrecisions{"f32", "int8", "s4", "t", "t-g64", "t-g4"};

std::string rounded(double value, int decimals) {
    return fmt::format("{:.{}f}", value, decimals);
}

std::string ratio(const std::map<std::string, double>& ratios, const std::string& against) {
    const auto found = ratios.find(against);
    return found == ratios.end() ? kMissing : rounded(found->second, 2);
}

/// Milliseconds from a microsecond to seconds, with three digits that mean something.
std::string time_text(double milliseconds) {
    return rounded(milliseconds, milliseconds < 0.1 ? 4 : milliseconds < 1 ? 3 : milliseconds < 100 ? 2 : 1);
}

const SpeedRow* find(const std::vector<SpeedRow>& rows, const SpeedRow& like, const std::string& precision) {
    const auto found = std::find_if(rows.begin(), rows.end(), [&](const SpeedRow& r) {
        return r.cap == like.cap && r.threads == like.threads && r.kind == like.kind && r.what == like.what &&
               r.batch == like.batch && r.precision == precision;
    });
    return found == rows.end() ? nullptr : &*found;
}

/// One row for each layer, batch and state of the weights, in the order of the file.
std::vector<SpeedRow> distinct_layers(const std::vector<SpeedRow>& rows, const std::string& cap,
                                      int threads) {
    std::vector<SpeedRow> layers;
    for (const SpeedRow& row : rows) {
        const bool wanted =
            (row.kind == "layer" || row.kind == "cold") && row.cap == cap && row.threads == threads;
        const bool known = std::any_of(layers.begin(), layers.end(), [&](const SpeedRow& r) {
            return r.kind == row.kind && r.what == row.what && r.batch == row.batch;
        });
        if (wanted && !known) layers.push_back(row);
    }
    std::stable_sort(layers.begin(), layers.end(), [](const SpeedRow& a, const SpeedRow& b) {
        return a.kind > b.kind;
    });  // "layer", "cold"
    return layers;
}

const Json& peaks_of(const Json& document, const std::string& cap, int threads) {
    for (const Json& peaks : document.at("peaks"))
        if (peaks.at("cap") == cap && peaks.at("threads") == threads) return peaks;
    throw BadInput("kernel_speed: no peaks of " + cap + " with " + std::to_string(threads) + " threads");
}

/// Of ternary weights in groups what the paper of the experiment fgq projects.
std::string model_text(const std::string& precision) {
    std::string_view text = precision;
    const auto group = take(text, "t-g") ? take_number<int>(text) : std::nullopt;
    return group ? rounded(fgq::speed_by_model(*group), 2) : kMissing;
}

std::string weights_text(const std::string& kind) {
    return kind == "cold" ? "from memory" : "warm";
}

}  // namespace

std::vector<SpeedRow> read_speed_rows(const Json& document, const std::string& where) {
    std::vector<SpeedRow> rows;
    try {
        if (document.at("schema") != 1 || document.at("experiment") != "kernel_speed")
            throw BadInput(where + ": not a result of kernel_speed, schema 1");
        for (const Json& b : document.at("benchmarks")) {
            SpeedRow row{b.at("cap"),
                         b.at("threads"),
                         b.at("kind"),
                         b.at("what"),
                         b.at("precision"),
                         b.at("batch"),
                         b.at("real_time"),
                         b.at("gops"),
                         b.at("share_of_peak"),
                         b.at("weight_bytes"),
                         0,
                         b.at("ratios")};
            if (b.contains("activation_bytes"))
                row.operations_per_byte = 2 * b.at("macs").get<double>() /
                                          (row.weight_bytes + b.at("activation_bytes").get<double>());
            rows.push_back(std::move(row));
        }
    } catch (const Json::exception& e) {
        throw BadInput(where + ": " + e.what());
    }
    return rows;
}

Table goal_table(const Json& document) {
    Table table{{{"Goal", false}, {"At least"}, {"Measured"}, {"Met", false}}, {}};
    for (const Json& goal : document.at("goals"))
        table.rows.push_back({goal.at("goal"), rounded(goal.at("required"), 2),
                              rounded(goal.at("measured"), 2), goal.at("met") ? "yes" : "no"});
    return table;
}

Table mean_table(const Json& document) {
    const std::vector<std::string> against{"int8", "f32", "oneDNN int8", "oneDNN f32"};
    Table table{{{"Instructions", false}, {"Threads"}, {"Weights", false}, {"Precision", false}}, {}};
    for (const std::string& other : against) table.columns.push_back({"to " + other});
    table.columns.push_back({"to f32, by the model of fgq"});
    std::vector<std::pair<std::vector<std::string>, std::map<std::string, double>>> rows;
    for (const Json& mean : document.at("geometric_means")) {
        const std::vector<std::string> name{mean.at("cap"), std::to_string(mean.at("threads").get<int>()),
                                            weights_text(mean.at("kind")), mean.at("precision")};
        auto row = std::find_if(rows.begin(), rows.end(), [&](const auto& r) { return r.first == name; });
        if (row == rows.end()) row = rows.insert(rows.end(), {name, {}});
        row->second[mean.at("against")] = mean.at("ratio");
    }
    for (const auto& [name, ratios] : rows) {
        table.rows.push_back(name);
        for (const std::string& other : against) table.rows.back().push_back(ratio(ratios, other));
        table.rows.back().push_back(model_text(name.back()));
    }
    return table;
}

Table layer_table(const std::vector<SpeedRow>& rows, const std::string& cap, int threads) {
    Table table{{{"#"}, {"Layer", false}, {"Batch"}, {"Weights", false}}, {}};
    for (const std::string& precision : kPrecisions) table.columns.push_back({precision + " ms"});
    for (const char* title : {"int8 Gop/s", "of peak (%)", "int8 to oneDNN", "f32 to oneDNN", "s4 to int8",
                              "t to int8", "t-g64 to int8", "t-g4 to int8"})
        table.columns.push_back({title});
    int number = 0;
    for (const SpeedRow& layer : distinct_layers(rows, cap, threads)) {
        std::vector<std::string> row{std::to_string(++number), layer.what, std::to_string(layer.batch),
                                     weights_text(layer.kind)};
        const auto ratio_of = [&](const std::string& precision, const std::string& against) {
            const SpeedRow* r = find(rows, layer, precision);
            return r ? ratio(r->ratios, against) : std::string(kMissing);
        };
        for (const std::string& precision : kPrecisions) {
            const SpeedRow* r = find(rows, layer, precision);
            row.push_back(r ? time_text(r->milliseconds) : kMissing);
        }
        const SpeedRow* int8 = find(rows, layer, "int8");
        row.push_back(int8 ? rounded(int8->gops, 0) : kMissing);
        row.push_back(int8 ? rounded(100 * int8->share_of_peak, 0) : kMissing);
        row.push_back(ratio_of("int8", "oneDNN int8"));
        row.push_back(ratio_of("f32", "oneDNN f32"));
        for (const char* precision : {"s4", "t", "t-g64", "t-g4"}) row.push_back(ratio_of(precision, "int8"));
        table.rows.push_back(std::move(row));
    }
    return table;
}

Table activation_table(const std::vector<SpeedRow>& rows) {
    Table table{{{"Instructions", false},
                 {"Threads"},
                 {"Layer", false},
                 {"Everything", false},
                 {"bytes ms"},
                 {"packed ms"},
                 {"packed to bytes"}},
                {}};
    for (const SpeedRow& r : rows) {
        const bool cold = r.precision == "bytes-cold";
        const SpeedRow* packed = find(rows, r, cold ? "packed-cold" : "packed");
        if (r.kind != "activations" || !packed || (r.precision != "bytes" && !cold)) continue;
        table.rows.push_back({r.cap, std::to_string(r.threads), r.what, weights_text(cold ? "cold" : "layer"),
                              time_text(r.milliseconds), time_text(packed->milliseconds),
                              rounded(r.milliseconds / packed->milliseconds, 2)});
    }
    return table;
}

Table network_table(const std::vector<SpeedRow>& rows) {
    Table table{{{"Instructions", false},
                 {"Threads"},
                 {"Network", false},
                 {"Batch"},
                 {"Precision", false},
                 {"ms"},
                 {"Gop/s"},
                 {"of peak (%)"},
                 {"Weights (KiB)"},
                 {"to w8a8"},
                 {"to f32"},
                 {"to PyTorch"},
                 {"to ONNX Runtime"}},
                {}};
    for (const SpeedRow& r : rows) {
        if (r.kind != "network") continue;
        const std::string peer = r.precision == "f32" ? "f32" : "int8";
        table.rows.push_back({r.cap, std::to_string(r.threads), r.what, std::to_string(r.batch), r.precision,
                              time_text(r.milliseconds), rounded(r.gops, 0),
                              rounded(100 * r.share_of_peak, 0), rounded(r.weight_bytes / 1024, 0),
                              ratio(r.ratios, "w8a8"), ratio(r.ratios, "f32"),
                              ratio(r.ratios, "PyTorch " + peer), ratio(r.ratios, "ONNX Runtime " + peer)});
    }
    return table;
}

Table measurement_table(const std::vector<SpeedRow>& rows, const Json& document) {
    Table table{{{"library", false},
                 {"cap", false},
                 {"threads"},
                 {"kind", false},
                 {"name", false},
                 {"precision", false},
                 {"batch"},
                 {"ms"},
                 {"gops"},
                 {"share_of_peak"},
                 {"weight_bytes"},
                 {"operations_per_byte"},
                 {"implementation", false}},
                {}};
    for (const SpeedRow& r : rows) {
        const bool network = r.kind == "network";
        table.rows.push_back({"nibble", r.cap, std::to_string(r.threads), r.kind, r.what, r.precision,
                              std::to_string(r.batch), fmt::format("{}", r.milliseconds),
                              fmt::format("{}", r.gops), fmt::format("{}", r.share_of_peak),
                              fmt::format("{}", r.weight_bytes),
                              network ? kMissing : fmt::format("{}", r.operations_per_byte), kMissing});
    }
    for (const Json& p : document.at("peers")) {
        const auto text = [&](const char* key) { return p.at(key).get<std::string>(); };
        table.rows.push_back({text("peer"), text("cap"), p.at("threads").dump(), text("what"), text("name"),
                              text("precision"), p.at("batch").dump(),
                              fmt::format("{}", p.at("real_time").get<double>()), kMissing, kMissing,
                              kMissing, kMissing, text("implementation")});
    }
    return table;
}

Plot roofline(const std::vector<SpeedRow>& rows, const Json& document, const std::string& cap) {
    constexpr int kThreads = 1;
    const std::vector<SpeedRow> layers = distinct_layers(rows, cap, kThreads);
    const Json& peaks = peaks_of(document, cap, kThreads);
    double left = 1, right = 1;
    for (const SpeedRow& r : rows)
        if (r.operations_per_byte > 0) {
            left = std::min(left, r.operations_per_byte);
            right = std::max(right, r.operations_per_byte);
        }
    left /= 2, right *= 2;
    Plot plot{"Layers, one thread, " + cap, "operations per byte of weights and activations", "Gop/s", {}};
    plot.logarithmic = Plot::Logarithmic::both;
    const double highest = peaks.at("gops").at("u8s8");
    constexpr int kBlack = 6;
    for (const auto& [name, rate] : peaks.at("read_gbs").items()) {
        const double slope = rate;
        plot.curves.push_back({"", {{left, slope * left}, {highest / slope, highest}}, kBlack, true});
        plot.notes.push_back({1.6 * left, 1.05 * slope * left, fmt::format("{} {:.0f} GB/s", name, slope)});
    }
    const double fastest_read = peaks.at("read_gbs").at("L1");
    for (const auto& [name, peak] : {std::pair("multiplying 8 bits", highest),
                                     {"multiplying f32", peaks.at("gops").at("f32").get<double>()}}) {
        plot.curves.push_back({"", {{peak / fastest_read, peak}, {right, peak}}, kBlack});
        plot.notes.push_back({peak / fastest_read * 1.3, peak, fmt::format("{}: {:.0f}", name, peak)});
    }
    for (std::size_t i = 0; i < kPrecisions.size(); ++i) {
        Curve points{kPrecisions[i], {}, static_cast<int>(i), false, Curve::Form::marks};
        for (std::size_t number = 0; number < layers.size(); ++number) {
            const SpeedRow* r = find(rows, layers[number], kPrecisions[i]);
            if (!r) continue;
            points.points.emplace_back(r->operations_per_byte, r->gops);
            if (kPrecisions[i] == "int8" && r->kind == "layer" && r->batch == 1)
                plot.notes.push_back({r->operations_per_byte, r->gops, std::to_string(number + 1)});
        }
        if (!points.points.empty()) plot.curves.push_back(std::move(points));
    }
    return plot;
}

}  // namespace nibble
