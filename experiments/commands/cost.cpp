// nibble cost: what a network costs on one image, in multiplications, bits and bytes.
#include "experiments/pipeline/cost.hpp"

#include <fmt/format.h>

#include "engine/core/json.hpp"
#include "experiments/commands/commands.hpp"
#include "experiments/pipeline/files/model.hpp"
#include "experiments/runs/compute_cell.hpp"
#include "experiments/support/table.hpp"

namespace nibble {

namespace {
struct CostOptions {
    SharedOptions shared;
    std::string model, bits = "bf16", relative_to;
};

Table layer_table(const NetworkCost& cost) {
    Table table{{{"layer", false},
                 {"bits", false},
                 {"MACs"},
                 {"linear cost"},
                 {"quadratic cost"},
                 {"weight bytes"},
                 {"activation bytes"}},
                {}};
    const auto add = [&](const std::string& name, const std::string& bits, const Cost& c) {
        table.rows.push_back({name, bits, fmt::to_string(c.multiplications), fmt::to_string(c.linear),
                              fmt::to_string(c.quadratic), fmt::to_string(bytes_of(c.weight_memory)),
                              fmt::to_string(bytes_of(c.activation_memory))});
    };
    for (const LayerCost& layer : cost.layers) add(layer.name, to_string(layer.bits), layer.cost);
    add("total", "", cost.total);
    return table;
}

/// The totals of two networks beside each other.
Table total_table(const std::string& name, const Cost& cost, const std::string& other_name,
                  const Cost& other) {
    Table table{{{"of one image", false}, {name}, {other_name}, {"ratio"}}, {}};
    const Json ours = to_json(cost), theirs = to_json(other), ratio = ratios(cost, other);
    for (const auto& [key, title] : {std::pair{"macs", "MACs"},
                                     {"linear_cost", "linear cost"},
                                     {"quadratic_cost", "quadratic cost"},
                                     {"weight_bytes", "weight bytes"},
                                     {"activation_bytes", "activation bytes"}})
        table.rows.push_back({title, ours.at(key).dump(), theirs.at(key).dump(),
                              fmt::format("{:.6f}", ratio.at(key).get<double>())});
    return table;
}

/// As results state it, and what each layer costs.
Json layers_with_costs(const NetworkCost& cost) {
    Json layers = to_json(summary_of(cost)).at("layers");
    for (std::size_t i = 0; i < cost.layers.size(); ++i) layers[i].update(to_json(cost.layers[i].cost));
    return layers;
}

int cost_command(const CostOptions& o) {
    o.shared.apply();
    const NetworkBits bits = network_bits_from(o.bits);
    const Graph graph = make_graph(o.model, 0, {0, 0, 0});
    const std::string reference = o.relative_to.empty() ? o.model : o.relative_to;
    const NetworkCost cost = cost_of(graph, bits);
    const Cost bf16 = cost_of(make_graph(reference, 0, {0, 0, 0}), network_bits_of(Numerics::bf16)).total;
    const Dims input = graph.input_dims();
    if (o.shared.json) {
        Json answer = to_json(cost.total);
        answer["weight_memory_bits"] = cost.total.weight_memory;
        answer["layers"] = layers_with_costs(cost);
        print_json({{"model", o.model},
                    {"bits", o.bits},
                    {"input", {input.h, input.w, input.c}},
                    {"classes", graph.classes()},
                    {"cost", answer},
                    {"relative_to", {{"model", reference}, {"bits", "bf16"}, {"cost", to_json(bf16)}}},
                    {"ratio", ratios(cost.total, bf16)}});
    } else {
        print_text(fmt::format("{} {}, one image of {}x{}x{}, {} classes\n\n", o.model, o.bits, input.h,
                               input.w, input.c, graph.classes()) +
                   layer_table(cost).markdown() + "\n" +
                   total_table(o.model + " " + o.bits, cost.total, reference + " bf16", bf16).markdown());
    }
    return 0;
}
}  // namespace

void add_cost(CommandLine& line) {
    auto o = std::make_shared<CostOptions>();
    Command command = line.command("cost", "multiplications, bits and bytes of a network on one image");
    command.option("--model", o->model, "a name (with its family's usual input and classes), or NET.onnx")
        .required();
    command.option("--bits", o->bits, "f32, bf16, w8a8, w4a16, w4a4, w4a4e8 (e8: first and last layer 8)")
        .option("--relative-to", o->relative_to, "divide by this network in bf16 (default: the same)");
    o->shared.add_json(command);
    command
        .examples(
            "  nibble cost --model resnet50 --bits w4a4e8\n"
            "  nibble cost --model resnet29-w0.5-imagenet --bits w8a8 --relative-to resnet50\n"
            "  nibble cost --model resnet20 --bits w4a4e8 --json\n"
            "Only convolutions and linear layers count. A multiplication (MAC) costs the larger number of "
            "bits\n"
            "of its operands, rounded up to 4, 8, 16 or 32 (linear), or their product (quadratic). Bytes "
            "are\n"
            "of packed kernels, and of the values that convolutions and linear layers read.")
        .action([o] { return cost_command(*o); });
}

}  // namespace nibble
