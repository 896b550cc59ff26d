#include "experiments/pipeline/cost.hpp"

#include <doctest/doctest.h>

#include "engine/core/json.hpp"
#include "engine/models/catalog.hpp"
#include "experiments/runs/compute_cell.hpp"

using namespace nibble;

TEST_CASE("cost in results: a float network") {
    // The numbers of the committed cells baseline/resnet20-w1.0--cifar10--{f32,bf16}--s0.
    const Graph graph = make_model("resnet20-w1.0");
    const Json bf16 = to_json(summary_of(cost_of(graph, network_bits_of(Numerics::bf16))));
    CHECK(bf16.at("macs") == 40'551'040);
    CHECK(bf16.at("linear_cost") == 648'816'640);
    CHECK(bf16.at("quadratic_cost") == 10'381'066'240);
    CHECK(bf16.at("weight_bytes") == 536'672);
    CHECK(bf16.at("activation_bytes") == 374'912);
    CHECK(bf16.at("layers").size() == 20);
    CHECK(bf16.at("layers")[0] == Json{{"name", "conv1"},
                                       {"macs", 442'368},
                                       {"weights", 432},
                                       {"weight_bits", 16},
                                       {"activation_bits", 16},
                                       {"kernel", "bf16"}});
    CHECK(bf16.size() == 6);
    const Json f32 = to_json(summary_of(cost_of(graph, network_bits_of(Numerics::f32))));
    CHECK(f32.at("linear_cost") == 2 * 648'816'640ll);
    CHECK(f32.at("layers")[0].at("kernel") == "f32");
}

TEST_CASE("cost in results: a quantized network") {
    const Graph graph = make_model("resnet20");
    const NetworkCost low = cost_of(graph, network_bits_from("w4a4e8"));
    const Json json = to_json(summary_of(low));
    CHECK(json.at("layers").front().at("kernel") == "w8a8");
    CHECK(json.at("layers")[1].at("kernel") == "w4a4");
    CHECK(json.at("layers").back().at("weight_bits") == 8);
    const Cost bf16 = cost_of(graph, network_bits_of(Numerics::bf16)).total;
    CHECK(ratios(bf16, bf16) == Json{{"macs", 1.0},
                                     {"linear_cost", 1.0},
                                     {"quadratic_cost", 1.0},
                                     {"weight_bytes", 1.0},
                                     {"activation_bytes", 1.0}});
    CHECK(ratios(cost_of(graph, network_bits_from("w4a8")).total, bf16) == Json{{"macs", 1.0},
                                                                                {"linear_cost", 0.5},
                                                                                {"quadratic_cost", 0.125},
                                                                                {"weight_bytes", 0.25},
                                                                                {"activation_bytes", 0.5}});
}
