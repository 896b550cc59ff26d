#include "engine/core/json.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"

using namespace nibble;
namespace fs = std::filesystem;

namespace {

/// A folder of its own for one test, removed at the end.
struct Scratch {
    fs::path path = fs::temp_directory_path() / ("nibble-json-" + std::to_string(::getpid()));
    Scratch() {
        fs::remove_all(path);
        fs::create_directories(path);
    }
    ~Scratch() { fs::remove_all(path); }
};

}  // namespace

TEST_CASE("malformed JSON is BadInput that names the file") {
    const Scratch scratch;
    const fs::path path = scratch.path / "bad.json";
    const std::string deep(200000, '['), deep_and_whole = deep + std::string(200000, ']');
    for (const std::string& text :
         {std::string(), std::string("{"), std::string("{\"a\":1}}"), std::string("{\"a\":1e999}"),
          std::string("\"\xff\""), std::string("{\"a\":1,\"a\":2}"), std::string("{}\0}", 4), deep,
          deep_and_whole}) {
        write_file(path, text);
        CHECK_THROWS_AS(read_json(path), BadInput);
    }
    CHECK_THROWS_WITH_AS(read_json(path), doctest::Contains("bad.json"), BadInput);
    CHECK_THROWS_AS(read_json(scratch.path / "absent.json"), IoError);
    CHECK_THROWS_AS(read_json(scratch.path), IoError);
}

TEST_CASE("the digest of a JSON value ignores the order of keys and sees every value") {
    CHECK(digest_of(Json::parse(R"({"a":1,"b":2})")) == digest_of(Json::parse(R"({ "b":2, "a":1 })")));
    CHECK(digest_of(Json::parse(R"({"a":1})")) != digest_of(Json::parse(R"({"a":2})")));
    CHECK(digest_of(Json("text")) == digest_of("\"text\""));
}

TEST_CASE("Fields: defaults, required keys and unknown keys") {
    const Json object{{"model", "resnet20"}, {"epochs", 60}, {"typo", 1}};
    Fields fields(object, "config.json");
    CHECK(fields.require<std::string>("model") == "resnet20");
    CHECK(fields.get("epochs", 10) == 60);
    CHECK(fields.get("seed", 3) == 3);
    CHECK_THROWS_WITH_AS(fields.require<int>("data"), doctest::Contains("'data' is missing"), BadInput);
    CHECK_THROWS_WITH_AS(fields.finish(), doctest::Contains("unknown key 'typo'"), BadInput);
    CHECK(fields.get("typo", 0) == 1);
    CHECK_NOTHROW(fields.finish());
    CHECK_THROWS_AS(Fields(Json::array(), "config.json"), BadInput);
}

TEST_CASE("Fields: a value of another type or out of range is refused, never converted") {
    const Json object{{"text", "60"}, {"real", 2.5}, {"negative", -1}, {"yes", true}, {"large", 5000000000}};
    Fields fields(object, "config.json");
    CHECK_THROWS_AS(fields.get("text", 1), BadInput);
    CHECK_THROWS_AS(fields.get("real", 1), BadInput);
    CHECK_THROWS_AS(fields.get("yes", 1), BadInput);
    CHECK_THROWS_AS(fields.get("negative", 1u), BadInput);
    CHECK_THROWS_AS(fields.get("large", 1), BadInput);
    CHECK(fields.get("large", std::int64_t{1}) == 5000000000);
    CHECK(fields.get("negative", 1.0) == -1.0);
}

TEST_CASE("hostile JSON: depth, number of values and equal keys are refused, naming the place") {
    const JsonLimits limits{2, 12};
    CHECK(parse_json(R"({"a":[1,2],"b":{"c":"d"}})", "x", limits)["b"]["c"] == "d");
    const auto refused = [&](const std::string& text, const char* complaint) {
        CAPTURE(text.substr(0, 50));
        CHECK_THROWS_WITH_AS(parse_json(text, "x", limits), doctest::Contains(complaint), BadInput);
        CHECK_THROWS_WITH_AS(parse_json(text, "x", limits), doctest::Contains("x "), BadInput);
    };
    refused("[[[1]]]", "nested too deeply");
    refused(std::string(1 << 20, '['), "nested too deeply");
    refused("[1,2,3,4,5,6,7,8,9,10,11]", "too many values");
    refused(R"({"a":1,"b":{"a":1},"a":2})", "two entries named \"a\"");
    CHECK_NOTHROW(parse_json(R"({"a":1,"b":{"a":1}})", "x", limits));
    for (const char* text : {"", "{", "[1,]", "{'a':1}", "1 2", "\xff", "[1e999]", "nul"})
        CHECK_THROWS_AS(parse_json(text, "x", limits), BadInput);
}

TEST_CASE("fields: numbers are numbers, whole ones whole, also in lists") {
    const Json json{{"half", 0.5},    {"yes", true},        {"text", "1"},           {"whole", 3},
                    {"list", {1, 2}}, {"mixed", {1, true}}, {"fractions", {1, 2.5}}, {"large", {1LL << 40}}};
    Fields fields(json, "x");
    CHECK(fields.require<float>("half") == 0.5f);
    CHECK(fields.require<float>("whole") == 3);
    CHECK(fields.require<std::vector<int>>("list") == std::vector<int>{1, 2});
    for (const char* key : {"yes", "text", "list"}) CHECK_THROWS_AS(fields.require<double>(key), BadInput);
    for (const char* key : {"mixed", "fractions", "large", "whole", "text"})
        CHECK_THROWS_AS(fields.require<std::vector<int>>(key), BadInput);
}

TEST_CASE("messages are one line without control characters, and quote little of a file") {
    const Json json{{"long", std::string(10000, 'x')}};
    Fields fields(json, "a\nb\x1b[2Jc");
    try {
        fields.require<int>("long");
        FAIL("not refused");
    } catch (const Error& e) {
        const std::string message = e.what();
        CHECK(message.size() < 200);
        CHECK(message.starts_with("a b [2Jc: key 'long'"));
    }
}
