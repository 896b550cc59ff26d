#include "engine/io/safetensors.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/core/json.hpp"
#include "engine/core/rng.hpp"

using namespace nibble;

namespace {

/// A file name of our own that disappears with the test case.
struct TemporaryFile {
    std::filesystem::path path =
        std::filesystem::temp_directory_path() / ("nibble-safetensors-" + std::to_string(::getpid()));
    ~TemporaryFile() { std::filesystem::remove(path); }
};

/// A file of the given header text and number of data bytes.
std::string file_of(const std::string& header, std::size_t data_bytes) {
    const std::uint64_t length = header.size();
    std::string file(sizeof length, '\0');
    std::memcpy(file.data(), &length, sizeof length);
    return file + header + std::string(data_bytes, '\1');
}

std::string entry(const std::string& dtype, const std::string& shape, const std::string& offsets) {
    return R"({"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

/// Without write_file's flush to disk, which thousands of files would feel.
void put(const std::filesystem::path& path, const std::string& bytes) {
    std::filesystem::remove(path);  // some file systems flush when a file is replaced
    std::ofstream(path, std::ios::binary) << bytes;
}

Safetensors read_bytes(const std::string& bytes) {
    const TemporaryFile file;
    put(file.path, bytes);
    return read_safetensors(file.path);
}

/// The message of the BadInput that reading these bytes ends with; "" when they are read without complaint.
std::string complaint(const std::string& bytes) {
    try {
        read_bytes(bytes);
        return "";
    } catch (const BadInput& e) {
        return e.what();
    }
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

Array<float> numbers(const Shape& shape) {
    auto values = Array<float>::from_shape(shape);
    for (std::size_t i = 0; i < values.size(); ++i) values.data()[i] = 0.25f * static_cast<float>(i) - 1;
    return values;
}

Safetensors example() {
    Safetensors contents;
    contents.tensors["conv1.weight"] = StoredTensor::from(numbers({2, 3, 1, 1}));
    contents.tensors["a scalar"] = StoredTensor::from(numbers({}));
    contents.tensors["empty"] = StoredTensor::from(numbers({0, 5}));
    contents.tensors["codes"] = {"I8", {3}, {std::byte{1}, std::byte{2}, std::byte{255}}};
    contents.metadata["source"] = "a \"test\"\nwith two lines";
    return contents;
}

std::string written(const Safetensors& contents) {
    const TemporaryFile file;
    write_safetensors(file.path, contents);
    return read_file(file.path);
}

}  // namespace

TEST_CASE("safetensors: what is written is read back, and equal contents give equal bytes") {
    const Safetensors before = example();
    const std::string bytes = written(before);
    const Safetensors after = read_bytes(bytes);
    CHECK(after.metadata == before.metadata);
    REQUIRE(after.tensors.size() == before.tensors.size());
    for (const auto& entry_before : before.tensors) {
        const std::string& name = entry_before.first;  // clang 14 captures no structured binding
        const StoredTensor& tensor = entry_before.second;
        CAPTURE(name);
        CHECK(after.tensors.at(name).dtype == tensor.dtype);
        CHECK(after.tensors.at(name).shape == tensor.shape);
        CHECK(after.tensors.at(name).bytes == tensor.bytes);
    }
    CHECK(after.tensors.at("conv1.weight").to_f32() == numbers({2, 3, 1, 1}));
    CHECK(written(after) == bytes);
}

TEST_CASE("safetensors: the bytes are those the format describes") {
    Safetensors contents;
    contents.tensors["x"] = {"U8", {2}, {std::byte{7}, std::byte{9}}};
    // 54 characters of JSON, padded to 56.
    const std::string header = R"({"x":{"data_offsets":[0,2],"dtype":"U8","shape":[2]}})";
    CHECK(bytes_of(contents) ==
          std::string("\x38\0\0\0\0\0\0\0", 8) + header + std::string(56 - header.size(), ' ') + "\x07\x09");
}

TEST_CASE("safetensors: a changed bit anywhere is refused, or changed nothing") {
    const Safetensors before = example();
    const std::string bytes = written(before);
    int unchanged = 0;
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
        std::string damaged = bytes;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
        try {
            // A digest under another name is not known as one; then all else is as it was.
            const Safetensors after = safetensors_from(damaged, "it");
            CHECK(bytes_of({after.tensors, before.metadata}) == bytes_of(before));
            CHECK(after.metadata.size() == 2);
            ++unchanged;
        } catch (const BadInput&) {
        }
    }
    CHECK(unchanged < 8 * 13);  // bits of "nibble_sha256"
}

TEST_CASE("safetensors: a file without digest is read, one whose contents changed is refused") {
    const Safetensors before = example();
    CHECK(safetensors_from(bytes_of(before), "it").tensors.size() == before.tensors.size());
    std::string bytes = written(before);
    bytes.back() = static_cast<char>(bytes.back() + 1);
    CHECK(contains(complaint(bytes), "damaged"));
}

TEST_CASE("safetensors: tensors may lie in any order and in a header padded with spaces") {
    const std::string header =
        "{\"a\":" + entry("F32", "[1]", "[4,8]") + ",\"b\":" + entry("BF16", "[2]", "[0,4]") + "}   ";
    std::string file = file_of(header, 0);
    file += std::string("\x80\x3f\x00\xc0", 4);  // bfloat16 1.0, -2.0
    file += std::string("\x00\x00\x20\x41", 4);  // float 10.0
    const Safetensors contents = read_bytes(file);
    CHECK(contents.tensors.at("a").to_f32()(0) == 10.0f);
    CHECK(contents.tensors.at("b").to_f32()(0) == 1.0f);
    CHECK(contents.tensors.at("b").to_f32()(1) == -2.0f);
}

TEST_CASE("safetensors: files that are absent or no files are IoError") {
    CHECK_THROWS_AS(read_safetensors("/nonexistent/x.safetensors"), IoError);
    CHECK_THROWS_AS(read_safetensors("/dev/zero"), IoError);
    CHECK_THROWS_AS(read_safetensors("/"), IoError);
}

TEST_CASE("safetensors: lengths beyond the file or the format's limit are refused") {
    CHECK(contains(complaint(""), "at least 8 bytes"));
    CHECK(contains(complaint("1234567"), "at least 8 bytes"));
    CHECK(contains(complaint(std::string(8, '\xff') + "{}"), "header length"));
    CHECK(contains(complaint(std::string("\x03\0\0\0\0\0\0\0{}", 10)), "header length"));

    // 100,000,001 bytes of header that really are there: a sparse file.
    const TemporaryFile file;
    const std::uint64_t length = 100'000'001;
    write_file(file.path, std::string(reinterpret_cast<const char*>(&length), 8));
    std::filesystem::resize_file(file.path, 8 + length);
    CHECK_THROWS_WITH_AS(read_safetensors(file.path), doctest::Contains("header length"), BadInput);
}

TEST_CASE("safetensors: headers that are not what they should be are refused") {
    CHECK(contains(complaint(file_of("", 0)), "no JSON object"));
    CHECK(contains(complaint(file_of("[]", 0)), "no JSON object"));
    CHECK(contains(complaint(file_of("{", 0)), "not valid JSON"));
    CHECK(contains(complaint(file_of("{} x", 0)), "not valid JSON"));
    CHECK(contains(complaint(file_of("{\"\xff\":1}", 0)), "not valid JSON"));
    CHECK(contains(complaint(file_of("{\"a\":1e999}", 0)), "number"));
    CHECK(contains(complaint(file_of("{\"a\":" + std::string(100000, '['), 0)), "nested too deeply"));
    const std::string tensor = entry("U8", "[1]", "[0,1]");
    CHECK(contains(complaint(file_of("{\"a\":" + tensor + ",\"a\":" + tensor + "}", 1)),
                   "two entries named \"a\""));
    CHECK(contains(complaint(file_of("{\"a\":3}", 0)), "expected a JSON object"));
    CHECK(contains(complaint(file_of(R"({"__metadata__":{"a":1}})", 0)), "__metadata__"));
    CHECK(contains(complaint(file_of(R"({"a":{"dtype":"U8","shape":[1]}})", 1)), "data_offsets"));
    CHECK(contains(complaint(file_of(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":0}})", 1)),
                   "unknown key 'x'"));
    CHECK(complaint(file_of("{\"a\":" + tensor + "}", 1)).empty());  // the same header is fine as such
}

TEST_CASE("safetensors: shapes, types and places must agree") {
    const auto complaint_of = [](const std::string& e, std::size_t bytes) {
        return complaint(file_of("{\"a\":" + e + "}", bytes));
    };
    CHECK(contains(complaint_of(entry("F8", "[1]", "[0,1]"), 1), "dtype"));
    CHECK(contains(complaint_of(entry("F32", "[2]", "[0,4]"), 4), "expected 8, found 4"));
    CHECK(contains(complaint_of(entry("F32", "[-1]", "[0,4]"), 4), "non-negative"));
    CHECK(contains(complaint_of(entry("F32", "[1.0]", "[0,4]"), 4), "non-negative"));
    CHECK(contains(complaint_of(entry("F32", "1", "[0,4]"), 4), "shape"));
    CHECK(contains(complaint_of(entry("U8", "[1]", "[1,0]"), 1), "begin <= end"));
    CHECK(contains(complaint_of(entry("U8", "[1]", "[0,1,2]"), 1), "begin <= end"));
    CHECK(contains(complaint_of(entry("U8", "[2]", "[0,2]"), 1), "truncated"));
    CHECK(contains(complaint_of(entry("U8", "[2]", "[0,2]"), 3), "trailing"));
    CHECK(contains(complaint_of(entry("U8", "[2]", "[1,3]"), 3), "hole"));
    // 2^62 elements of 4 bytes are 2^64: a careless product would be 0 and fit.
    CHECK(contains(complaint_of(entry("F32", "[4611686018427387904]", "[0,0]"), 0), "overflows"));
    CHECK(contains(complaint_of(entry("F32", "[4294967296,4294967296]", "[0,0]"), 0), "overflows"));
    CHECK(contains(complaint_of(entry("U8", "[0,4294967296,4294967296]", "[0,0]"), 0), "overflows"));
    CHECK(contains(complaint_of(entry("U8", "[18446744073709551616]", "[0,0]"), 0), "non-negative"));

    const auto two = [](const std::string& a, const std::string& b) {
        return complaint(
            file_of("{\"a\":" + entry("U8", "[2]", a) + ",\"b\":" + entry("U8", "[2]", b) + "}", 4));
    };
    CHECK(two("[0,2]", "[2,4]").empty());
    CHECK(contains(two("[0,2]", "[1,3]"), "overlap"));
    CHECK(contains(two("[0,2]", "[0,2]"), "overlap"));
}

TEST_CASE("safetensors: every truncation of a valid file is refused") {
    const std::string valid = written(example());
    REQUIRE(complaint(valid).empty());
    for (std::size_t n = 0; n < valid.size(); ++n) {
        CAPTURE(n);
        CHECK_FALSE(complaint(valid.substr(0, n)).empty());
    }
}

// Whatever comes, reading ends in a result or in BadInput; the sanitizer build watches the rest.
TEST_CASE("safetensors: mutations of a valid file never do worse than BadInput") {
    constexpr std::uint64_t kSeed = 20240521;
    constexpr std::uint32_t kRounds = 4000;
    const std::string valid = written(example());
    const std::string alphabet = "{}[]\",:0123456789-.eFIUB \\u\xff";
    const TemporaryFile file;
    std::size_t refused = 0;
    for (std::uint32_t round = 0; round < kRounds; ++round) {
        Random random(kSeed, Purpose::test, 0, round);
        std::string bytes = valid;
        for (std::uint32_t edits = 1 + random.below(4); edits > 0; --edits) {
            const std::size_t at = random.below(static_cast<std::uint32_t>(bytes.size()));
            switch (random.below(5)) {
                case 0:
                    bytes[at] = static_cast<char>(random.below(256));
                    break;
                case 1:
                    bytes[at] = alphabet[random.below(static_cast<std::uint32_t>(alphabet.size()))];
                    break;
                case 2:
                    bytes.erase(at, 1 + random.below(8));
                    break;
                case 3:
                    bytes.insert(at, bytes.substr(at, 1 + random.below(16)));
                    break;
                default:
                    bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8)));
            }
            if (bytes.empty()) break;
        }
        put(file.path, bytes);
        CAPTURE(round);
        try {
            for (const auto& [name, tensor] : read_safetensors(file.path).tensors)
                if (tensor.dtype == "F32") CHECK(tensor.to_f32().size() * 4 == tensor.bytes.size());
        } catch (const BadInput&) {
            ++refused;
        } catch (const std::exception& e) {
            FAIL_CHECK("not BadInput but " << e.what());
        }
    }
    // The loop has really met both outcomes (a changed value in the data is a valid file).
    CHECK(refused > kRounds / 2);
    CHECK(refused < kRounds);
}

TEST_CASE("safetensors: what cannot be read is not written") {
    const TemporaryFile file;
    Safetensors bad;
    bad.tensors["x"] = {"F32", {2}, std::vector<std::byte>(7)};
    CHECK_THROWS_AS(write_safetensors(file.path, bad), BadInput);
    bad.tensors["x"] = {"F9", {2}, std::vector<std::byte>(8)};
    CHECK_THROWS_AS(write_safetensors(file.path, bad), BadInput);
    bad.tensors.clear();
    bad.tensors["__metadata__"] = {"U8", {1}, std::vector<std::byte>(1)};
    CHECK_THROWS_AS(write_safetensors(file.path, bad), BadInput);
    bad.tensors.clear();
    bad.metadata["x"] = "\xff";
    CHECK_THROWS_AS(write_safetensors(file.path, bad), BadInput);
    CHECK_FALSE(std::filesystem::exists(file.path));
}
