#include "engine/io/tensor_file.hpp"

#include <doctest/doctest.h>

#include "engine/core/error.hpp"
#include "tests/helpers/checkpoint_file.hpp"
#include "tests/helpers/scratch.hpp"

using namespace nibble;

namespace {

Safetensors one_tensor(const std::string& name, float value) {
    return {{{name, StoredTensor::from(Array<float>(Shape{2}, value))}}, {{"format", "pt"}}};
}

/// An index that puts `a` into one.safetensors and `b` into `shard_of_b`.
std::string index_text(const std::string& shard_of_b) {
    return R"({"metadata": {"total_size": 16}, "weight_map": {"a": "one.safetensors", "b": ")" + shard_of_b +
           "\"}}";
}

}  // namespace

TEST_CASE("tensor file: the content decides on the format, not the name") {
    const test::Scratch scratch("tensor-file");
    write_safetensors(scratch / "a.pth", one_tensor("w", 1));
    CHECK(read_tensors(scratch / "a.pth").tensors.at("w").to_f32()(1) == 1);
    using namespace test::pickled;
    const auto path = scratch.write(
        "b.safetensors",
        test::legacy_checkpoint(dict({{"w", tensor(storage("FloatStorage", "0", 1), 0, {1}, {1})}}),
                                {test::storage_of<float>("0", {7})}));
    CHECK(read_tensors(path).tensors.at("w").to_f32()(0) == 7);
    for (const std::string& wrong :
         {std::string(), std::string("{"), std::string("{}"), std::string("\x80\x02}."),
          std::string("neither"), std::string(100, '\0')})
        CHECK_THROWS_AS(read_tensors(scratch.write("wrong", wrong)), BadInput);
    CHECK_THROWS_AS(read_tensors(scratch / "absent"), IoError);
}

TEST_CASE("tensor file: a header of 123 bytes is no index, though its length is the byte of a brace") {
    Safetensors contents = one_tensor("w", 1);
    std::string bytes = bytes_of(contents);
    const std::size_t header = bytes.size() - 8;
    bytes.insert(header, 123 + 8 - header, ' ');
    bytes[0] = '{';
    const test::Scratch scratch("tensor-file");
    CHECK(read_tensors(scratch.write("w", bytes)).tensors.size() == 1);
}

TEST_CASE("tensor file: shards beside their index are one file") {
    const test::Scratch scratch("shards");
    write_safetensors(scratch / "one.safetensors", one_tensor("a", 1));
    write_safetensors(scratch / "two.safetensors", one_tensor("b", 2));
    const auto index = scratch.write("model.safetensors.index.json", index_text("two.safetensors"));
    const Safetensors contents = read_tensors(index);
    CHECK(contents.tensors.size() == 2);
    CHECK(contents.tensors.at("b").to_f32()(0) == 2);
    CHECK(contents.metadata.at("format") == "pt");

    const auto refused = [&](const std::string& text, const char* why) {
        CHECK_THROWS_WITH_AS(read_tensors(scratch.write("index.json", text)), doctest::Contains(why),
                             BadInput);
    };
    refused(index_text("one.safetensors"), "no tensor");
    refused(index_text("../two.safetensors"), "beside the index");
    refused(index_text("/etc/passwd"), "beside the index");
    refused(index_text(".."), "beside the index");
    refused(index_text(""), "beside the index");
    refused(R"({"weight_map": {"a": 1}})", "must be a text");
    refused(R"({"weight_map": []})", "weight_map");
    refused(R"({"weights": 1})", "weight_map");
    CHECK_THROWS_AS(read_tensors(scratch.write("index.json", index_text("absent.safetensors"))), IoError);
}
