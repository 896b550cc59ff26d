// nibble info: what this program is, runs on and finds.
#include <fmt/format.h>

#include <algorithm>

#include "datasets/catalog.hpp"
#include "engine/core/error.hpp"
#include "engine/core/json.hpp"
#include "engine/core/parallel.hpp"
#include "engine/kernels/dispatch.hpp"
#include "engine/models/catalog.hpp"
#include "experiments/commands/commands.hpp"
#include "experiments/pipeline/provenance.hpp"

namespace nibble {

namespace {
/// "Not compiled" and "not supported by this CPU" are different facts.
Json describe(const std::string& architecture) {
    const auto& compiled = kernels::architectures();
    const auto found = std::find_if(compiled.begin(), compiled.end(),
                                    [&](const kernels::Architecture& a) { return a.name == architecture; });
    const bool is_compiled = found != compiled.end();
    return {
        {"name", architecture}, {"compiled", is_compiled}, {"supported", is_compiled && found->supported}};
}

Json collect() {
    Json architectures = Json::array(), data = Json::array();
    for (const char* name : {"reference", "avx2", "avxvnni", "avx512", "avx512vnni", "amx"})
        architectures.push_back(describe(name));
    for (const DatasetInfo& d : list_datasets())
        data.push_back({{"name", d.name}, {"available", d.available}, {"where", d.where}, {"how", d.how}});
    Json info = provenance();
    info["architecture"] = kernels::active().name;
    info["architectures"] = architectures;
    info["threads"] = threads();
    info["data"] = data;
    info["models"] = model_examples();
    return info;
}

std::string text_of(const Json& info) {
    const auto text = [](const Json& json) { return json.get<std::string>(); };
    std::string out = fmt::format("{}\n\narchitectures (chosen: {}; {} threads)\n", version_line(),
                                  text(info["architecture"]), info["threads"].get<int>());
    for (const Json& a : info["architectures"])
        out += fmt::format("  {:12} {}, {}\n", text(a["name"]),
                           a["compiled"].get<bool>() ? "compiled" : "not compiled",
                           a["supported"].get<bool>() ? "supported here" : "not supported here");
    out += "\ndata\n";
    for (const Json& d : info["data"])
        out += fmt::format("  {:12} {}\n", text(d["name"]),
                           d["available"].get<bool>() ? text(d["where"]) : "not here: " + text(d["how"]));
    out += "\nmodels\n ";
    for (const Json& m : info["models"]) out += " " + text(m);
    out += "\n\nlibraries\n";
    for (const auto& [name, version] : info["libraries"].items())
        out += fmt::format("  {:14} {}\n", name, text(version));
    return out;
}
}  // namespace

void add_info(CommandLine& line) {
    auto o = std::make_shared<SharedOptions>();
    Command command = line.command("info", "architectures, libraries and data of this program and machine");
    o->add_machine(command);
    o->add_json(command);
    command.examples("  nibble info\n  NIBBLE_ARCH=reference nibble info --json\n").action([o] {
        o->apply();
        const Json info = collect();
        if (o->json)
            print_json(info);
        else
            print_text(text_of(info));
        return 0;
    });
}

}  // namespace nibble
