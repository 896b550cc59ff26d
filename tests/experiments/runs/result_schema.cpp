// results/result.schema.json is published for readers of results; here every committed result is held to it.
#include <doctest/doctest.h>

#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>
#include <vector>

#include "engine/core/file.hpp"
#include "experiments/runs/result.hpp"

namespace nibble {
namespace {

namespace fs = std::filesystem;
using Adapter = valijson::adapters::NlohmannJsonAdapter;

const fs::path kResults = fs::path(NIBBLE_SOURCE_DIR) / "results";

class ResultSchema {
  public:
    ResultSchema() {
        const Json json = read_json(kResults / "result.schema.json");
        valijson::SchemaParser(valijson::SchemaParser::kDraft7).populateSchema(Adapter(json), schema_);
    }
    bool accepts(const Json& result) {
        return valijson::Validator().validate(schema_, Adapter(result), nullptr);
    }

  private:
    valijson::Schema schema_;
};

/// results/PROFILE/EXPERIMENT/CELL.json
std::vector<fs::path> committed_results() {
    std::vector<fs::path> list;
    for (const auto& entry : fs::recursive_directory_iterator(kResults)) {
        const fs::path in = fs::relative(entry.path(), kResults);
        if (in.extension() == ".json" && std::distance(in.begin(), in.end()) == 3 && *in.begin() != "timing")
            list.push_back(entry.path());
    }
    return list;
}

/// What a schema that refers to a definition, or allows null besides, says of an object or a list.
Json resolved(const Json& root, const Json& schema) {
    if (schema.contains("$ref"))
        return resolved(root, root.at(Json::json_pointer(schema.at("$ref").get<std::string>().substr(1))));
    if (schema.contains("anyOf"))
        for (const Json& choice : schema.at("anyOf"))
            if (const Json found = resolved(root, choice); found.at("type") != "null") return found;
    return schema;
}

/// The fields that the schema describes and those that the values have, all of them together, are the same.
void compare_fields(const Json& root, const Json& schema_there, const std::vector<Json>& values,
                    const std::string& where) {
    const Json schema = resolved(root, schema_there);
    if (schema.contains("items") && schema.at("items").is_object()) {
        std::vector<Json> entries;
        for (const Json& list : values) entries.insert(entries.end(), list.begin(), list.end());
        compare_fields(root, schema.at("items"), entries, where + "/-");
    }
    if (!schema.contains("properties")) return;
    std::map<std::string, std::vector<Json>> found;
    for (const Json& value : values)
        if (!value.is_null())
            for (const auto& [key, field] : value.items()) found[key].push_back(field);
    for (const auto& [key, field] : schema.at("properties").items()) {
        CHECK_MESSAGE(found.contains(key), where << "/" << key << " is in the schema, not in any result");
        compare_fields(root, field, found[key], where + "/" + key);
        found.erase(key);
    }
    for (const auto& [key, fields] : found)
        CHECK_MESSAGE(false, where << "/" << key << " is in results, not in the schema");
}

TEST_CASE(
    "every committed result is as the schema says, and what is read of it is written back to the same "
    "bytes") {
    ResultSchema schema;
    const std::vector<fs::path> results = committed_results();
    REQUIRE(!results.empty());
    for (const fs::path& path : results) {
        CAPTURE(path.string());
        CHECK(schema.accepts(read_json(path)));
        CHECK(to_json(read_result(path)).dump(2) + "\n" == read_file(path));
    }
}

TEST_CASE("the schema has the fields of a Result, and no others") {
    std::vector<Json> trained, quantized;
    for (const fs::path& path : committed_results()) {
        Result result = read_result(path);
        if (result.input_digest.empty())
            result.input_digest = result.weights_digest;  // older than this field
        (result.quantization ? quantized : trained).push_back(to_json(result));
    }
    // Both kinds state cost and data alike, but no network with dual channels or of blue first was trained yet.
    for (const Json& q : quantized) trained.push_back({{"cost", q.at("cost")}, {"data", q.at("data")}});
    const Json schema = read_json(kResults / "result.schema.json");
    compare_fields(schema, schema.at("anyOf").at(0), trained, "trained");
    compare_fields(schema, schema.at("anyOf").at(1), quantized, "quantized");
}

TEST_CASE("the schema refuses results that lack something, say more, or say it wrong") {
    ResultSchema schema;
    Json good;
    for (const fs::path& path : committed_results())
        if (const Json json = read_json(path);
            good.is_null() && json.contains("history") && !json.contains("parent"))
            good = json;
    REQUIRE(schema.accepts(good));
    for (const auto& member : good.items()) {
        const std::string& key = member.key();
        CAPTURE(key);
        Json without = good;
        without.erase(key);
        CHECK(!schema.accepts(without));
        Json wrong = good;
        wrong[key] = nullptr;
        CHECK(schema.accepts(wrong) == (key == "correct"));
    }
    Json fine_tuned = good;
    fine_tuned["parent"] = {{"source", "pretrained/a.safetensors"}, {"digest", good.at("weights_digest")}};
    CHECK(schema.accepts(fine_tuned));
    fine_tuned["parent"].erase("digest");
    CHECK(!schema.accepts(fine_tuned));
    const std::vector<std::function<void(Json&)>> changes = {
        [](Json& r) { r["seconds"] = 12.5; },
        [](Json& r) { r["schema"] = 1; },
        [](Json& r) { r["metrics"]["eval"]["top1"] = 100.5; },
        [](Json& r) { r["metrics"]["eval"]["images"] = 0; },
        [](Json& r) { r["metrics"]["eval"]["top1"] = -1e308; },
        [](Json& r) { r["cost"]["macs"] = std::numeric_limits<std::uint64_t>::max(); },
        [](Json& r) { r["history"][0]["epoch"] = -1; },
        [](Json& r) { r["metrics"]["generalization_gap"] = 101; },
        [](Json& r) { r["cell"] = "resnet20"; },
        [](Json& r) { r["key"] = r["key"].get<std::string>().substr(1); },
        [](Json& r) { r["cost"]["layers"][0]["weight_bits"] = "8"; },
        [](Json& r) { r["cost"]["macs"] = 1.5; },
        [](Json& r) { r["correct"] = "no*base64"; },
        [](Json& r) { r["executed_as"] = "w4a4"; },
        [](Json& r) { r["provenance"].erase("git"); },
    };
    for (std::size_t i = 0; i < changes.size(); ++i) {
        CAPTURE(i);
        Json changed = good;
        changes[i](changed);
        CHECK(!schema.accepts(changed));
    }
}

}  // namespace
}  // namespace nibble
