// Files that nobody's exporter wrote: random damage, and what a hostile author would try.
#include <doctest/doctest.h>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/core/rng.hpp"
#include "engine/onnx/export.hpp"
#include "engine/onnx/file.hpp"
#include "engine/onnx/network.hpp"
#include "tests/helpers/networks.hpp"
#include "tests/helpers/scratch.hpp"

using namespace nibble;

namespace {

using Attributes = std::map<std::string, onnx::Attribute>;

onnx::Tensor ints(std::vector<std::int64_t> values) {
    const auto n = static_cast<std::int64_t>(values.size());
    return {{n}, std::move(values), onnx::Element::i64};
}

/// input [n, 3, 8, 8] -> these operations -> "logits"
onnx::File file_with(std::vector<onnx::Operation> operations,
                     std::map<std::string, onnx::Tensor> constants = {}) {
    return {
        13, {{"input", {-1, 3, 8, 8}}}, {{"logits", {-1, 3}}}, std::move(operations), std::move(constants),
        {}};
}

void refuses(const onnx::File& file, const std::string& reason) {
    CAPTURE(reason);
    const test::Scratch folder("onnx-damaged");
    onnx::write_file(folder / "net.onnx", file);
    std::string found;
    try {
        read_onnx(folder / "net.onnx");
    } catch (const Error& e) {
        found = e.what();
    }
    CAPTURE(found);
    CHECK(found.find(reason) != std::string::npos);
}

}  // namespace

TEST_CASE("damaged ONNX files: an error or a network, whatever bytes change") {
    const test::Scratch folder("onnx-damaged");
    write_onnx(folder / "net.onnx", test::branching_integer_network(3), {});
    const std::string whole = read_file(folder / "net.onnx");
    Random random(77, Purpose::init, 0);
    int refused = 0;
    constexpr std::uint32_t kRounds = 400;
    for (std::uint32_t round = 0; round < kRounds; ++round) {
        std::string bytes = whole;
        if (round % 4 == 0) bytes.resize(random.below(static_cast<std::uint32_t>(bytes.size())));
        for (std::uint32_t i = 0; i <= round % 7 && !bytes.empty(); ++i)
            bytes[random.below(static_cast<std::uint32_t>(bytes.size()))] =
                static_cast<char>(random.below(256));
        folder.write("damaged.onnx", bytes);
        try {
            read_onnx(folder / "damaged.onnx");
        } catch (const Error&) {
            ++refused;
        }
    }
    CHECK(refused > 0);
}

TEST_CASE("hostile ONNX files: one line that names the node") {
    refuses(file_with({{"Scan", "loop", {"input"}, {"logits"}, {}}}),
            "node 'loop' (Scan): the operation is not supported");
    refuses(file_with({{"Relu", "r", {"nothing"}, {"logits"}, {}}}), "input 'nothing' is computed nowhere");
    refuses(file_with({{"Relu", "r", {"input"}, {"other"}, {}}}),
            "output 'logits' is computed by no operation");
    refuses(file_with({{"Reshape", "r", {"input", "shape"}, {"logits"}, {}}}, {{"shape", ints({-1, 5})}}),
            "Reshape: elements");
    refuses(
        file_with(
            {{"Transpose", "t", {"input"}, {"logits"}, {{"perm", std::vector<std::int64_t>{3, 2, 1, 0}}}}}),
        "perm");
    refuses(file_with(
                {{"ConstantOfShape", "c", {"shape"}, {"big"}, {}}, {"Relu", "r", {"input"}, {"logits"}, {}}},
                {{"shape", ints({1 << 30})}}),
            "elements: expected at most");
    refuses(file_with({{"ConstantOfShape", "c", {"shape"}, {"big"}, {}}},
                      {{"shape", ints({std::int64_t{1} << 62, std::int64_t{1} << 62})}}),
            "at most 2^31");
    refuses(file_with({{"MaxPool",
                        "p",
                        {"input"},
                        {"logits"},
                        {{"kernel_shape", std::vector<std::int64_t>{1 << 30, 1}}}}}),
            "kernel_shape");
    refuses(
        file_with(
            {{"MaxPool", "p", {"input"}, {"logits"}, {{"kernel_shape", std::vector<std::int64_t>{9, 9}}}}}),
        "padded input");
    refuses(file_with({{"Div", "d", {"a", "b"}, {"c"}, {}}}, {{"a", ints({1})}, {"b", ints({0})}}),
            "no integer can hold");
    refuses(file_with({{"Gather", "g", {"a", "b"}, {"c"}, {}}}, {{"a", ints({1})}, {"b", ints({5})}}),
            "outside the tensor");
    refuses(file_with({{"Softmax", "s", {"input"}, {"logits"}, {{"axis", std::int64_t{9}}}}}), "axis");
    refuses(file_with({{"Conv", "c", {"input", "w"}, {"logits"}, {}}},
                      {{"w", {{4, 2, 3, 3}, std::vector<float>(72, 1.0f), onnx::Element::f32}}}),
            "node 'c' (Conv)");
    refuses(file_with({{"LeakyRelu", "l", {"input"}, {"logits"}, {{"alpha", std::string("steep")}}}}),
            "another type");
}

namespace {

/// A field of a protobuf message: number and content, shorter than 128 bytes.
std::string field(int number, const std::string& content) {
    return std::string{static_cast<char>(number << 3 | 2), static_cast<char>(content.size())} + content;
}
std::string field(int number, int value) {
    return {static_cast<char>(number << 3), static_cast<char>(value)};
}

/// A part of a model with one tensor "w" of 3 floats that lie elsewhere; appended to a file it becomes part of it.
std::string external_tensor(const std::string& location, const std::string& offset) {
    const auto entry = [](const std::string& key, const std::string& value) {
        return field(13, field(1, key) + field(2, value));
    };
    const std::string tensor = field(1, 3) + field(2, 1) + field(8, "w") + entry("location", location) +
                               entry("offset", offset) + entry("length", "12") + field(14, 1);
    return field(7, field(5, tensor));
}

}  // namespace

TEST_CASE("external data: in the folder of the model, and nowhere else") {
    const test::Scratch folder("onnx-external");
    folder.write("no.onnx", "not a network at all");
    CHECK_THROWS_AS(read_onnx(folder / "no.onnx"), BadInput);
    CHECK_THROWS_AS(read_onnx(folder / "missing.onnx"), IoError);

    // Mul by "w", one factor per channel.
    onnx::File file = file_with({{"Reshape", "view", {"w", "shape"}, {"factors"}, {}},
                                 {"Mul", "scale", {"input", "factors"}, {"scaled"}, {}},
                                 {"GlobalAveragePool", "mean", {"scaled"}, {"logits"}, {}}},
                                {{"shape", ints({1, 3, 1, 1})}});
    onnx::write_file(folder / "plain.onnx", file);
    const std::string plain = read_file(folder / "plain.onnx");
    const float values[] = {0, 2, 3, 5};
    folder.write("data.bin", std::string(reinterpret_cast<const char*>(values), sizeof values));
    const auto read_with = [&](const std::string& location, const std::string& offset) {
        folder.write("net.onnx", plain + external_tensor(location, offset));
        return read_onnx(folder / "net.onnx");
    };
    const OnnxNetwork network = read_with("data.bin", "4");
    const Array<float>& weight = network.weights.at("scale.weight");
    CHECK(std::vector<float>(weight.begin(), weight.end()) == std::vector<float>{2, 3, 5});
    CHECK_THROWS_AS(read_with("data.bin", "8"), BadInput);
    CHECK_THROWS_AS(read_with("data.bin", "99"), BadInput);
    CHECK_THROWS_AS(read_with("data.bin", "four"), BadInput);
    CHECK_THROWS_AS(read_with("none.bin", "0"), IoError);
    CHECK_THROWS_AS(read_with("../data.bin", "0"), BadInput);
    CHECK_THROWS_AS(read_with("/etc/passwd", "0"), BadInput);
}
