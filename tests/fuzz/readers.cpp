// libFuzzer against the readers of files: whatever the bytes, they are read or refused in one line.
//
//     NIBBLE_FUZZ_READER=grid fuzz_readers --write-seeds FOLDER      valid files to begin with
//     NIBBLE_FUZZ_READER=grid fuzz_readers FOLDER -max_total_time=600
//
// Files of quantized networks have a fuzzer of their own (integer_file.cpp).
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <random>

#include "datasets/cifar.hpp"
#include "datasets/idx.hpp"
#include "datasets/images/decode.hpp"
#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/core/json.hpp"
#include "engine/core/parallel.hpp"
#include "engine/infer/lower.hpp"
#include "engine/infer/quantized_file.hpp"
#include "engine/io/pytorch.hpp"
#include "engine/io/safetensors.hpp"
#include "engine/models/resnet_cifar.hpp"
#include "engine/onnx/export.hpp"
#include "engine/onnx/network.hpp"
#include "engine/quant/maxabs/post_training.hpp"
#include "engine/train/trainer.hpp"
#include "experiments/pipeline/files/weights_file.hpp"
#include "experiments/runs/grid.hpp"
#include "experiments/runs/result.hpp"
#include "tests/datasets/images/encode.hpp"
#include "tests/fuzz/mutations.hpp"
#include "tests/helpers/checkpoint_file.hpp"

namespace {

namespace fs = std::filesystem;
using namespace nibble;
using namespace nibble::fuzz;

/// A file that is nowhere but in memory, for readers that take a path.
class MemoryFile {
  public:
    explicit MemoryFile(std::string_view bytes) : fd_(::memfd_create("input", MFD_CLOEXEC)) {
        if (fd_ < 0 || ::write(fd_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
            std::abort();
    }
    ~MemoryFile() { ::close(fd_); }
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;
    fs::path path() const { return "/proc/self/fd/" + std::to_string(fd_); }

  private:
    int fd_;
};

const Graph& small_graph() {
    static const Graph graph = resnet_cifar({.depth = 8, .width = 0.25, .input = {8, 8, 3}});
    return graph;
}

Trainer& small_trainer() {
    static Trainer trainer(small_graph(), Numerics::f32, {.epochs = 2, .batch = 2}, 1, 0);
    return trainer;
}

// ---- the readers

void weights(const std::string& bytes) {
    const WeightsFile file = weights_from(safetensors_from(bytes, "input"), "input");
    check(file, small_graph(), "input");
    file.normalization("input");
    preprocessing_from(file.metadata, "input");
}

void quantized(const std::string& bytes) {
    const Safetensors file = safetensors_from(bytes, "input");
    if (is_quantized_network(file)) to_safetensors(post_trained_from(file), {});
}

void onnx_file(const std::string& bytes) {
    read_onnx(MemoryFile(bytes).path());
}

void pytorch(const std::string& bytes) {
    if (is_pytorch(bytes)) weights_from({pytorch_from(bytes, "input"), {}}, "input");
}

void checkpoint(const std::string& bytes) {
    small_trainer().load(MemoryFile(bytes).path());
}

void result(const std::string& bytes) {
    result_from(parse_json(bytes, "input", kFileLimits), "input");
}

void grid(const std::string& bytes) {
    read_grid(MemoryFile(bytes).path(), "baseline");
}

void cifar(const std::string& bytes) {
    std::vector<std::uint8_t> pixels, labels;
    const CifarLayout& layout = bytes.size() % 2 ? cifar10_layout() : cifar100_layout();
    read_cifar_file(MemoryFile(bytes).path(), layout, bytes.size() / layout.record_bytes(), pixels, labels);
    if (pixels.size() != labels.size() * 3 * 32 * 32) std::abort();
}

/// The first byte says how many of the others are labels.
void idx(const std::string& bytes) {
    const std::size_t labels =
        bytes.empty() ? 0 : std::min<std::size_t>(static_cast<unsigned char>(bytes[0]), bytes.size() - 1);
    const MemoryFile label_file(std::string_view(bytes).substr(bytes.empty() ? 0 : 1, labels)),
        image_file(std::string_view(bytes).substr(std::min(bytes.size(), labels + 1)));
    DatasetTraits traits{.name = "mnist", .shape = {}, .classes = 10, .normalization = {{0.5f}, {0.5f}}};
    const auto dataset = open_idx(image_file.path(), label_file.path(), std::move(traits));
    for (std::size_t i = 0; i < dataset->size(); ++i)
        if (dataset->get(i).image.pixels.size() != dataset->shape().count()) std::abort();
}

void image(const std::string& bytes) {
    if (const Image image = decode_image(bytes, "input"); image.pixels.size() != image.shape().count())
        std::abort();
}

void preprocessing(const std::string& bytes) {
    const Json object = parse_json(bytes, "input", kFileLimits);
    const StatedPreprocessing stated = preprocessing_from(object, "input");
    if (!(preprocessing_from(parse_json(object.dump(), "input", kFileLimits), "input") == stated))
        std::abort();
}

// ---- valid files

std::string float_weights() {
    const Safetensors file{
        {{"conv1.weight", StoredTensor::from(small_trainer().weights().at("conv1.weight"))}},
        {{"normalize_mean", "0.5,0.5,0.5"}, {"normalize_std", "0.25,0.25,0.25"}}};
    return bytes_of(file);
}

/// In both formats, with a view and what a script leaves beside the weights.
std::vector<std::string> pytorch_checkpoints() {
    using namespace test::pickled;
    const std::string numbers = storage("FloatStorage", "0", 6), halves = storage("HalfStorage", "1", 2);
    const std::string saved =
        dict({{"best", std::string("G\x40\x56\xf1\xeb\x85\x1e\xb8\x52", 9)},
              {"optimizer", dict({{"state", "]"}})},
              {"state_dict",
               ordered_dict({{"module.w", tensor(numbers, 0, {3, 2}, {1, 3})},
                             {"module.b", call(global("torch._utils", "_rebuild_parameter"),
                                               {tensor(halves, 0, {2}, {1}), "\x88", ordered_dict({})})}})}});
    const std::vector<test::StorageBytes> storages{test::storage_of<float>("0", {0, 1, 2, 3, 4, 5}),
                                                   test::storage_of<std::uint16_t>("1", {0x3c00, 0x3e00})};
    return {test::legacy_checkpoint(saved, storages), test::zip_checkpoint(saved, storages)};
}

std::string a_checkpoint() {
    const fs::path path = fs::temp_directory_path() / ("nibble-fuzz-" + std::to_string(::getpid()));
    small_trainer().save(path, "progress");
    const std::string bytes =
        bytes_of(read_safetensors(path));  // without the digest that nothing would get past
    fs::remove(path);
    return bytes;
}

/// A committed one, of either kind.
std::string a_result() {
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(NIBBLE_SOURCE_DIR) / "results/quick"))
        if (entry.path().extension() == ".json") return read_file(entry.path());
    std::abort();
}

std::string a_grid() {
    return R"({"schema": 1, "title": "t", "headline": ["f32"], "protocol": {"epochs": 2, "batch": 64},
        "profiles": {"quick": {"axes": [{"model": ["resnet8"], "data": ["glyphs"], "method": ["f32", "w4a4e8"],
        "seed": [0, 1]}], "protocol": {"epochs": 1}, "skip": [{"method": "f32", "seed": 1, "reason": "r"}]}}})";
}

std::string cifar_records() {
    return std::string(3073, '\1') + std::string(3073, '\7');
}

std::string idx_files() {
    const std::string labels("\0\0\x08\x01\0\0\0\2\3\4", 10),
        images("\0\0\x08\x03\0\0\0\2\0\0\0\1\0\0\0\2abcd", 20);
    return static_cast<char>(labels.size()) + labels + images;
}

std::vector<std::string> images() {
    std::vector<std::string> all{test::gif(20, 30),
                                 test::gif(20, 30, {.interlaced = true, .local_palette = true})};
    for (const char* kind : {".png", ".jpg", ".bmp", ".webp", ".tiff"})
        all.push_back(test::encoded(test::gradient(20, 30), kind));
    return all;
}

PostTrained small_network(int activation_bits) {
    MaxAbs options{.activation_bits = activation_bits};
    options.weights = {.bits = 4, .range = Range::narrow};
    const std::vector<float> images(8 * small_graph().input_dims().size(), 0.5f);
    return post_train(*maxabs_post_training(options), small_graph(), small_trainer().weights(), images)
        .network;
}

std::string quantized_network() {
    return bytes_of(to_safetensors(small_network(32), {}));
}

/// Floats, and integers as QDQ.
std::vector<std::string> onnx_files() {
    const fs::path path = fs::temp_directory_path() / ("nibble-fuzz-" + std::to_string(::getpid()) + ".onnx");
    write_onnx(path, small_graph(), small_trainer().weights(), {});
    std::vector<std::string> all{read_file(path)};
    const PostTrained network = small_network(8);
    write_onnx(path, lower(network.network.graph, network.network.weights, network.quantization), {});
    all.push_back(read_file(path));
    fs::remove(path);
    return all;
}

std::string preprocessing_object() {
    return R"({"resize": 256, "filter": "bicubic", "crop": 224, "crop_offset": "down", "channels": "BGR", "scale": 1,
        "mean": [104, 117, 123], "std": [1, 1, 1]})";
}

struct Reader {
    void (*read)(const std::string&);
    std::vector<std::string> (*seeds)();
};
const std::map<std::string, Reader> kReaders{
    {"weights", {weights, [] { return std::vector{float_weights()}; }}},
    {"pytorch", {pytorch, pytorch_checkpoints}},
    {"onnx", {onnx_file, onnx_files}},
    {"quantized", {quantized, [] { return std::vector{quantized_network()}; }}},
    {"checkpoint", {checkpoint, [] { return std::vector{a_checkpoint()}; }}},
    {"result", {result, [] { return std::vector{a_result()}; }}},
    {"grid", {grid, [] { return std::vector{a_grid()}; }}},
    {"cifar", {cifar, [] { return std::vector{cifar_records()}; }}},
    {"idx", {idx, [] { return std::vector{idx_files()}; }}},
    {"preprocessing", {preprocessing, [] { return std::vector{preprocessing_object()}; }}},
    {"image", {image, images}}};

const std::pair<const std::string, Reader>& chosen() {
    static const auto& found = []() -> const auto& {
        const char* name = std::getenv("NIBBLE_FUZZ_READER");
        const auto it = kReaders.find(name ? name : "");
        if (it != kReaders.end()) return *it;
        std::cerr << "NIBBLE_FUZZ_READER: name one of";
        for (const auto& [known, reader] : kReaders) std::cerr << " " << known;
        std::cerr << "\n";
        std::exit(2);
    }
    ();
    return found;
}

const Json kValues{
    -1, 0,     1,        0.5,       1e308,    -1e308, 1ull << 63,    1 << 20,        true,           nullptr,
    "", "f32", "w4a4e8", "resnet8", "glyphs", "s0",   Json::array(), Json::object(), "a.safetensors"};

/// The text of a safetensors file's header, changed as JSON, its data as it is.
void mutate_header(std::string& file, std::mt19937& random) {
    std::uint64_t length = 0;
    if (file.size() < sizeof length) return mutate(file);
    std::memcpy(&length, file.data(), sizeof length);
    if (length > file.size() - sizeof length) return mutate(file);
    std::string header = file.substr(sizeof length, length);
    const std::string data = file.substr(sizeof length + length);
    mutate_json(header, kValues, random);
    length = header.size();
    file = std::string(reinterpret_cast<const char*>(&length), sizeof length) + header + data;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
    set_threads(1);
    flush_denormals();
    const Reader& reader = chosen().second;
    if (*argc != 3 || std::strcmp((*argv)[1], "--write-seeds") != 0) return 0;
    int index = 0;
    for (const std::string& bytes : reader.seeds())
        write_file(fs::path((*argv)[2]) / ("seed-" + std::to_string(++index)), bytes);
    std::exit(0);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        chosen().second.read(std::string(reinterpret_cast<const char*>(data), size));
    } catch (const Error& e) {
        if (std::strpbrk(e.what(), "\n\x1b"))
            std::abort();  // one line, and none that moves a terminal's cursor
    } catch (const std::exception& e) {
        std::cerr << "fuzz_readers: " << e.what() << "\n";
        std::abort();
    }
    return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
    std::mt19937 random(seed);
    const std::string& name = chosen().first;
    std::string bytes(reinterpret_cast<const char*>(data), size);
    const bool structured = below(random, 4) != 0;
    if (structured && (name == "result" || name == "grid" || name == "preprocessing"))
        mutate_json(bytes, kValues, random);
    else if (structured && (name == "weights" || name == "checkpoint" || name == "quantized"))
        mutate_header(bytes, random);
    else
        return LLVMFuzzerMutate(data, size, max_size);
    if (bytes.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
    std::memcpy(data, bytes.data(), bytes.size());
    return bytes.size();
}
