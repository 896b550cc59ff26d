#include "experiments/reports/speed_report.hpp"

#include <doctest/doctest.h>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "tests/helpers/scratch.hpp"
#include "tests/helpers/skip.hpp"

using namespace nibble;

namespace {

Json row(const std::string& kind, const std::string& what, const std::string& precision, double ms,
         const Json& ratios) {
    Json row{{"cap", "avx2"},          {"threads", 1},  {"kind", kind},     {"what", what},
             {"precision", precision}, {"batch", 1},    {"real_time", ms},  {"gops", 100.0},
             {"share_of_peak", 0.5},   {"macs", 500.0}, {"ratios", ratios}, {"weight_bytes", 2048.0}};
    if (kind != "network") row["activation_bytes"] = 452.0;
    return row;
}

Json document() {
    return {{"schema", 1},
            {"experiment", "kernel_speed"},
            {"machine", "test-2-cores"},
            {"caps", {{{"nibble_arch", "avx2"}, {"onednn_max_cpu_isa", "AVX2"}}}},
            {"peaks",
             {{{"cap", "avx2"},
               {"threads", 1},
               {"gops", {{"f32", 100.0}, {"u8s8", 200.0}}},
               {"read_gbs", {{"L1", 80.0}, {"L2", 40.0}, {"L3", 20.0}, {"DRAM", 10.0}}}}}},
            {"benchmarks",
             {row("layer", "a", "int8", 0.0123, {{"oneDNN int8", 0.756}}),
              row("layer", "a", "s4", 2.5, {{"int8", 1.5}}), row("cold", "a", "int8", 0.5, Json::object()),
              row("activations", "a", "bytes", 0.5, Json::object()),
              row("activations", "a", "packed", 0.8, Json::object()),
              row("network", "resnet20", "w8a8", 123.4, {{"PyTorch int8", 2.0}})}},
            {"peers",
             {{{"peer", "oneDNN"},
               {"cap", "avx2"},
               {"threads", 1},
               {"what", "layer"},
               {"name", "a"},
               {"precision", "int8"},
               {"batch", 1},
               {"real_time", 0.0093},
               {"implementation", "jit"}}}},
            {"geometric_means",
             {{{"cap", "avx2"},
               {"threads", 1},
               {"kind", "layer"},
               {"precision", "int8"},
               {"against", "oneDNN int8"},
               {"rows", 1},
               {"ratio", 0.756}}}},
            {"goals",
             {{{"goal", "int8 against oneDNN"}, {"required", 0.75}, {"measured", 0.756}, {"met", true}}}},
            {"saturation",
             {{{"name", "a"},
               {"values", "extreme"},
               {"wrong_outputs", 3},
               {"of", 4},
               {"example", {{"expected", 129540}, {"got", 65510}}}}}},
            {"warnings", Json::array()}};
}

}  // namespace

TEST_CASE("speed report: rows become tables") {
    const Json all = document();
    const auto rows = read_speed_rows(all, "test");
    REQUIRE(rows.size() == 6);
    CHECK(rows[0].operations_per_byte == 0.4);
    const Table layers = layer_table(rows, "avx2", 1);
    REQUIRE(layers.rows.size() == 2);
    CHECK(layers.rows[0] == std::vector<std::string>{"1", "a", "1", "warm", kMissing, "0.0123", "2.50",
                                                     kMissing, kMissing, kMissing, "100", "50", "0.76",
                                                     kMissing, "1.50", kMissing, kMissing, kMissing});
    CHECK(layers.rows[1][3] == "from memory");
    CHECK(layer_table(rows, "avx2", 2).rows.empty());
    CHECK(activation_table(rows).rows ==
          std::vector<std::vector<std::string>>{{"avx2", "1", "a", "warm", "0.500", "0.800", "0.62"}});
    CHECK(network_table(rows).rows ==
          std::vector<std::vector<std::string>>{{"avx2", "1", "resnet20", "1", "w8a8", "123.4", "100", "50",
                                                 "2", kMissing, kMissing, "2.00", kMissing}});
    CHECK(mean_table(all).rows ==
          std::vector<std::vector<std::string>>{
              {"avx2", "1", "warm", "int8", kMissing, kMissing, "0.76", kMissing, kMissing}});
    Json ternary = all;
    ternary["geometric_means"][0]["precision"] = "t-g4";
    ternary["geometric_means"][0]["against"] = "f32";
    CHECK(mean_table(ternary).rows ==  // beside the projection
          std::vector<std::vector<std::string>>{
              {"avx2", "1", "warm", "t-g4", kMissing, "0.76", kMissing, kMissing, "9.14"}});
    CHECK(goal_table(all).rows ==
          std::vector<std::vector<std::string>>{{"int8 against oneDNN", "0.75", "0.76", "yes"}});
    CHECK(measurement_table(rows, all).rows.size() == 7);
}

TEST_CASE("speed report: the roofline holds ceilings and points") {
    const Json all = document();
    const std::string script = roofline(read_speed_rows(all, "test"), all, "avx2").script();
    CHECK(script.find("set logscale xy") != std::string::npos);
    CHECK(script.find("0.4 100\n") != std::string::npos);
    CHECK(script.find("DRAM 10 GB/s") != std::string::npos);
}

TEST_CASE("speed report: files lie beside the measurement, and malformed ones are refused") {
    const test::Scratch scratch("speed_report");
    std::filesystem::create_directories(scratch / "experiments");
    const std::filesystem::path folder = scratch / "results/timing/test-2-cores";
    write_json(folder / "kernel_speed.json", document());
    std::string no_plot;
    const auto written = write_speed_reports(Project(scratch.path()), no_plot);
    if (!no_plot.empty()) nibble::test::skipped(std::string("plots: ") + no_plot);
    CHECK(written.size() == (no_plot.empty() ? 5 : 3));
    const std::string text = read_file(folder / "kernel_speed.md");
    CHECK(text.find("65510 instead of 129540") != std::string::npos);
    CHECK(text.find("## Layers, avx2, 1 thread\n") != std::string::npos);

    for (const char* key : {"benchmarks", "goals", "peaks", "warnings"}) {
        Json broken = document();
        broken.erase(key);
        write_json(folder / "kernel_speed.json", broken);
        CAPTURE(key);
        CHECK_THROWS_AS(write_speed_reports(Project(scratch.path()), no_plot), BadInput);
    }
}
