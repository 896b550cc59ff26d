#include "engine/io/pytorch.hpp"

#include <doctest/doctest.h>

#include <cstring>

#include "engine/core/error.hpp"
#include "engine/core/rng.hpp"
#include "tests/helpers/checkpoint_file.hpp"

using namespace nibble;
using namespace nibble::test;
using namespace nibble::test::pickled;

namespace {

using Tensors = std::map<std::string, StoredTensor>;

std::vector<float> floats(const StoredTensor& tensor) {
    const Array<float> values = tensor.to_f32();
    return {values.data(), values.data() + values.size()};
}

/// Six numbers, 0 to 5, as storage "0".
const std::vector<StorageBytes> kSix{storage_of<float>("0", {0, 1, 2, 3, 4, 5})};
std::string six() {
    return storage("FloatStorage", "0", 6);
}
std::string matrix() {
    return tensor(six(), 0, {2, 3}, {3, 1});
}

std::string complaint(const std::string& file) {
    try {
        REQUIRE(is_pytorch(file));
        pytorch_from(file, "it");
        return "";
    } catch (const BadInput& e) {
        return e.what();
    }
}
std::string complaint_of_saved(const std::string& saved) {
    return complaint(zip_checkpoint(saved, kSix));
}
bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("pytorch: both formats hold the same tensors, whatever lies around and beside them") {
    const std::string weights = ordered_dict({{"w", matrix()}, {"not a tensor", number(3)}});
    const std::string scalar =  // of numpy
        call(global("numpy.core.multiarray", "scalar"),
             {call(global("numpy", "dtype"), {text("f8"), "\x89", "\x88"}) + tuple({number(3), text("<")}) +
                  "b",
              call(global("_codecs", "encode"), {text("8 bytes"), text("latin1")})});
    const std::string beside = dict({{"best", std::string("G\x40\x56\xf1\xeb\x85\x1e\xb8\x52", 9)},
                                     {"scalar", scalar},
                                     {"acc", tensor(six(), 2, {}, {})},
                                     {"seed", std::string("\x8a\x0a", 2) + std::string(10, '\x7f')},
                                     {"args", call(global("argparse", "Namespace"), {}) + dict({}) + "b"},
                                     {"size", call(global("torch", "Size"), {tuple({number(1)})})},
                                     {"optimizer", dict({{"state", dict({{"m", matrix()}})}})},
                                     {"state_dict", weights}});
    for (const std::string& saved : {weights, beside, dict({{"net", weights}}), dict({{"w", matrix()}})})
        for (const std::string& file : {legacy_checkpoint(saved, kSix), zip_checkpoint(saved, kSix)}) {
            const Tensors tensors = pytorch_from(file, "it");
            REQUIRE(tensors.size() == 1);
            CHECK(tensors.at("w").dtype == "F32");
            CHECK(tensors.at("w").shape == Shape{2, 3});
            CHECK(floats(tensors.at("w")) == std::vector<float>{0, 1, 2, 3, 4, 5});
        }
}

TEST_CASE("pytorch: views are read row by row") {
    const std::string parameter =
        call(global("torch._utils", "_rebuild_parameter"), {matrix(), "\x88", ordered_dict({})});
    const std::string old = call(global("torch._utils", "_rebuild_tensor"),
                                 {six(), number(1), tuple({number(2)}), tuple({number(1)})});
    const std::string saved = dict({{"transposed", tensor(six(), 0, {3, 2}, {1, 3})},
                                    {"middle", tensor(six(), 1, {2, 2}, {3, 1})},
                                    {"twice", tensor(six(), 5, {2}, {0})},
                                    {"scalar", tensor(six(), 4, {}, {})},
                                    {"empty", tensor(six(), 6, {0, 9}, {9, 1})},
                                    {"parameter", parameter},
                                    {"old", old}});
    const Tensors tensors = pytorch_from(zip_checkpoint(saved, kSix), "it");
    CHECK(floats(tensors.at("transposed")) == std::vector<float>{0, 3, 1, 4, 2, 5});
    CHECK(floats(tensors.at("middle")) == std::vector<float>{1, 2, 4, 5});
    CHECK(floats(tensors.at("twice")) == std::vector<float>{5, 5});
    CHECK(floats(tensors.at("scalar")) == std::vector<float>{4});
    CHECK(tensors.at("scalar").shape.empty());
    CHECK(tensors.at("empty").shape == Shape{0, 9});
    CHECK(floats(tensors.at("parameter")).size() == 6);
    CHECK(floats(tensors.at("old")) == std::vector<float>{1, 2});
}

TEST_CASE("pytorch: types of numbers") {
    const auto one = [](const std::string& type) { return tensor(storage(type, type, 1), 0, {1}, {1}); };
    const std::string saved = dict({{"f16", one("HalfStorage")},
                                    {"bf16", one("BFloat16Storage")},
                                    {"f64", one("DoubleStorage")},
                                    {"i64", one("LongStorage")}});
    const std::vector<StorageBytes> storages{storage_of<std::uint16_t>("HalfStorage", {0x3e00}),
                                             storage_of<std::uint16_t>("BFloat16Storage", {0x3fc0}),
                                             storage_of<double>("DoubleStorage", {1.5}),
                                             storage_of<std::int64_t>("LongStorage", {7})};
    for (const std::string& file : {legacy_checkpoint(saved, storages), zip_checkpoint(saved, storages)}) {
        const Tensors tensors = pytorch_from(file, "it");
        for (const char* name : {"f16", "bf16", "f64"}) CHECK(floats(tensors.at(name)).at(0) == 1.5f);
        CHECK(tensors.at("i64").dtype == "I64");
    }
}

TEST_CASE("pytorch: what Python 2 and later protocols write") {
    const auto pair = list({"U\x01w", matrix()});
    const std::string python2 = call(global("collections", "OrderedDict"), {list({pair})});
    CHECK(pytorch_from(legacy_checkpoint(python2, kSix), "it").contains("w"));

    // Protocol 4: a frame, short texts that are remembered in order, a global from the stack.
    const std::string protocol4 = std::string("\x95\x00\x00\x00\x00\x00\x00\x00\x00", 9) + "\x8c\x0b" +
                                  "collections\x94\x8c\x0b" + "OrderedDict\x94\x93\x94)R(" + "\x8c\x01w" +
                                  matrix() + "u";
    CHECK(pytorch_from(zip_checkpoint(protocol4, kSix), "it").contains("w"));
    // A view of a storage: its key, begin and size.
    const std::string view = tuple({text("storage"), global("torch", "FloatStorage"), text("0"), text("cpu"),
                                    number(6), tuple({text("1"), number(3), number(3)})}) +
                             "Q";
    const std::string saved = dict({{"w", tensor(view, 1, {2}, {1})}});
    CHECK(floats(pytorch_from(legacy_checkpoint(saved, kSix), "it").at("w")) == std::vector<float>{4, 5});
}

TEST_CASE("pytorch: nothing is executed, and globals are refused by name") {
    const std::string attack = complaint_of_saved(call(global("os", "system"), {text("touch executed")}));
    CHECK(contains(attack, "\"os.system\""));
    CHECK(contains(attack, "refused"));
    CHECK(contains(
        complaint_of_saved(dict({{"w", matrix()}, {"m", global("torchvision.models.resnet", "ResNet")}})),
        "ResNet"));
    CHECK(contains(complaint_of_saved("\x8c\x05posix\x8c\x06system\x93"), "posix.system"));
    CHECK(contains(complaint_of_saved("i"), "instruction 105"));         // INST
    CHECK(contains(complaint_of_saved("\x82\x01"), "instruction 130"));  // EXT1
    CHECK(contains(complaint_of_saved("I1\n"), "instruction 73"));       // of protocol 0
}

TEST_CASE("pytorch: pickles that misuse the stack, the memo and lengths are refused") {
    for (const char* wrong : {"", "t", "u", "R", "0", "1", "Q", "b", "e", "}Na", "}(Nu", ")Nb", "(.", "NNR",
                              "NQ", "h\x05", "NN\x93", "]NNs", "q\x01"})
        CHECK_FALSE(complaint_of_saved(wrong).empty());
    CHECK(contains(complaint_of_saved("X\xff\xff\xff\xffx"), "truncated"));
    CHECK(contains(complaint_of_saved("\x8a\xff"), "truncated"));
    CHECK(contains(complaint_of_saved(")" + std::string(900'000, '\x85')), "no dictionary of tensors"));
    CHECK(contains(complaint_of_saved(")" + std::string(1'100'000, '\x85')), "instructions"));
    CHECK(contains(complaint_of_saved("}r\xff\xff\xff\xff"), "no dictionary of tensors"));
    CHECK(contains(complaint_of_saved("}q\x01X\x01" + std::string(3, '\0') + "ah\x01s"),
                   "no dictionary"));  // a cycle
    // A long tuple, remembered and given to many calls.
    std::string calls = "c_codecs\nencode\nq\x01(" + std::string(10'000, 'N') + "tq\x02";
    for (int i = 0; i < 1000; ++i) calls += "h\x01h\x02R0";
    CHECK(contains(complaint_of_saved(calls), "too many arguments"));
}

TEST_CASE("pytorch: tensors beyond their storage are refused") {
    const auto refused = [](const std::string& tensor) { return complaint_of_saved(dict({{"w", tensor}})); };
    const std::string beyond = "reaches beyond its storage";
    CHECK(refused(tensor(six(), 0, {6}, {1})).empty());
    CHECK(contains(refused(tensor(six(), 1, {6}, {1})), beyond));
    CHECK(contains(refused(tensor(six(), 0, {2, 3}, {4, 1})), beyond));
    CHECK(contains(refused(tensor(six(), 0, {7}, {0})), beyond));
    CHECK(contains(refused(tensor(six(), 0, {1 << 30, 1 << 30, 1 << 30}, {0, 0, 0})), beyond));
    CHECK(contains(refused(tensor(six(), 0, {6}, {1, 1})), beyond));
    CHECK(contains(refused(tensor(six(), 0, {2}, {-1})), "natural"));
    CHECK(contains(refused(tensor(six(), -1, {2}, {1})), "natural"));
    CHECK(contains(refused(tensor(six(), 0, {-2}, {1})), "natural"));
    CHECK(contains(refused(tensor(storage("FloatStorage", "0", 1 << 30), 0, {1 << 30}, {1})),
                   "bytes of storage"));
    CHECK(contains(refused(tensor(number(1), 0, {1}, {1})), "no storage"));
    CHECK(contains(refused(tensor(storage("ComplexFloatStorage", "0", 6), 0, {1}, {1})),
                   "ComplexFloatStorage"));
    CHECK(contains(refused(tensor(storage("FloatStorage", "1", 6), 0, {1}, {1})), "not in the archive"));
    CHECK(contains(
        complaint(legacy_checkpoint(dict({{"w", tensor(storage("FloatStorage", "1", 6), 0, {1}, {1})}}), {})),
        "bytes of storage"));
    CHECK(contains(complaint(legacy_checkpoint(dict({}), kSix)), "belongs to no tensor"));
    CHECK(contains(refused(call(global("torch._utils", "_rebuild_tensor_v2"), {six()})), "without storage"));

    const std::vector<float> large(10'000);
    std::vector<std::pair<std::string, std::string>> shared;
    for (int i = 0; i < 100; ++i)
        shared.emplace_back(std::to_string(i),
                            tensor(storage("FloatStorage", "0", 10'000), 0, {10'000}, {1}));
    CHECK(contains(complaint(legacy_checkpoint(dict(shared), {storage_of("0", large)})),
                   "larger than the file"));
}

TEST_CASE("pytorch: archives that are not as PyTorch writes them are refused") {
    const std::string saved =
        pickle_of(dict({{"w", matrix()}, {"v", tensor(storage("FloatStorage", "1", 6), 0, {6}, {1})}}));
    const std::string& bytes = kSix[0].bytes;
    const auto archive = [&](const std::vector<ZipEntry>& more) {
        std::vector<ZipEntry> entries{{"a/data.pkl", saved}, {"a/data/0", bytes}};
        entries.insert(entries.end(), more.begin(), more.end());
        return complaint(zip_of(entries));
    };
    CHECK(archive({{"a/data/1", bytes}}).empty());
    CHECK(contains(archive({}), "not in the archive"));
    CHECK(contains(archive({{"a/data/1", bytes, 8}}), "compressed"));
    CHECK(contains(archive({{"a/data/1", bytes.substr(4)}}), "bytes of storage"));
    CHECK(contains(archive({{"a/data/1", bytes}, {"a/byteorder", "big"}}), "big-endian"));
    CHECK(contains(complaint(zip_of({{"a/data.json", "{}"}})), "no data.pkl"));
    CHECK(contains(complaint("PK\x03\x04 and no more"), "truncated zip"));

    // The same large entry under many names.
    std::vector<ZipEntry> bomb{{"a/data/0", std::string(40'000, 'x')}};
    std::vector<std::pair<std::string, std::string>> weights;
    for (int i = 0; i < 50; ++i) {
        const std::string key = std::to_string(i);
        if (i > 0) bomb.push_back({"a/data/" + key, "", 0, 0});
        weights.emplace_back(key, tensor(storage("FloatStorage", key, 10'000), 0, {10'000}, {1}));
    }
    bomb.push_back({"a/data.pkl", pickle_of(dict(weights))});
    CHECK(contains(complaint(zip_of(bomb)), "larger than the file"));

    std::string damaged = zip_of({{"a/data.pkl", saved}, {"a/data/0", bytes}, {"a/data/1", bytes}});
    damaged[damaged.find(bytes)] ^= 1;
    CHECK(contains(complaint(damaged), "damaged"));
}

TEST_CASE("pytorch: every truncation is refused, and mutations never do worse than BadInput") {
    const std::string saved = dict({{"state_dict", ordered_dict({{"w", matrix()}})}});
    for (const std::string& valid : {legacy_checkpoint(saved, kSix), zip_checkpoint(saved, kSix)}) {
        REQUIRE(complaint(valid).empty());
        for (std::size_t n = 16; n < valid.size(); ++n) {
            CAPTURE(n);
            CHECK_FALSE(complaint(valid.substr(0, n)).empty());
        }
        for (std::uint32_t round = 0; round < 4000; ++round) {
            Random random(20261130, Purpose::test, 0, round);
            std::string bytes = valid;
            for (std::uint32_t edits = 1 + random.below(4); edits > 0; --edits)
                bytes[16 + random.below(static_cast<std::uint32_t>(bytes.size()) - 16)] =
                    static_cast<char>(random.below(256));
            CAPTURE(round);
            try {
                pytorch_from(bytes, "it");
            } catch (const BadInput&) {
            } catch (const std::exception& e) {
                FAIL_CHECK("not BadInput but " << e.what());
            }
        }
    }
}
