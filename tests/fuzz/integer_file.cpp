// libFuzzer against files of quantized networks: whatever the bytes, they are refused in one line or they
// run.
//
//     fuzz_integer_file --write-seeds FOLDER      valid files to begin with
//     fuzz_integer_file FOLDER -max_total_time=600
//
// Random changes to a whole file seldom get past its lengths and offsets. So most changes are made to its
// parts, the text of the graph, one value in it, or the bytes of one tensor, and the file is put together
// again; and many to the network, in ways that mostly keep it valid, so that what runs it is tried, too.
#include "tests/helpers/integer_file.hpp"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <random>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/core/json.hpp"
#include "engine/core/parallel.hpp"
#include "engine/infer/file.hpp"
#include "tests/fuzz/mutations.hpp"
#include "tests/helpers/mutated_network.hpp"
#include "tests/helpers/networks.hpp"

namespace {

using namespace nibble;
using namespace nibble::fuzz;

const Json kValues{-1,
                   0,
                   1,
                   2,
                   3,
                   7,
                   64,
                   256,
                   1 << 20,
                   1 << 28,
                   1e-38,
                   1e38,
                   0.5,
                   true,
                   nullptr,
                   "s4-pc",
                   "s8n-pt",
                   "u8-pt",
                   "u4-pc",
                   "t-g3",
                   "t-pc",
                   "s4-g2",
                   "s4x2-pc",
                   "floor",
                   "half_up",
                   "product",
                   "quantize",
                   "max_pool",
                   "avg_pool",
                   "shortcut",
                   "rescale",
                   "concat",
                   "slice",
                   "shuffle",
                   "pad",
                   "multiply",
                   "sigmoid",
                   "leaky_relu",
                   "local_norm",
                   "softmax",
                   "adaptive_pool"};

void mutate_tensor(Safetensors& file, std::mt19937& random) {
    if (file.tensors.empty()) return;
    StoredTensor& tensor =
        std::next(file.tensors.begin(), static_cast<std::ptrdiff_t>(below(random, file.tensors.size())))
            ->second;
    if (tensor.bytes.empty() || below(random, 4) == 0) {
        mutate(tensor.bytes);
    } else {  // keep the size
        const std::size_t at = below(random, tensor.bytes.size());
        tensor.bytes[at] = static_cast<std::byte>(random());
    }
    const std::size_t element = tensor.dtype == "F32" || tensor.dtype == "U32" ? 4 : 1;
    tensor.bytes.resize(tensor.bytes.size() / element * element);
    tensor.shape = {tensor.bytes.size() / element};
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
    set_threads(1);
    flush_denormals();
    if (*argc != 3 || std::strcmp((*argv)[1], "--write-seeds") != 0) return 0;
    const std::filesystem::path folder = (*argv)[2];
    for (std::uint32_t stream : {1, 2, 3}) {
        const std::string number = std::to_string(stream);
        write_file(folder / ("seed-" + number),
                   bytes_of(to_safetensors(test::small_integer_network(stream), {})));
        write_file(folder / ("branches-" + number),
                   bytes_of(to_safetensors(test::branching_integer_network(stream), {})));
    }
    std::exit(0);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        test::try_integer_file(std::string(reinterpret_cast<const char*>(data), size));
    } catch (const std::exception& e) {
        std::cerr << "fuzz_integer_file: " << e.what() << "\n";
        std::abort();
    }
    return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
    std::mt19937 random(seed);
    try {
        if (below(random, 8) == 0) return LLVMFuzzerMutate(data, size, max_size);
        Safetensors file = safetensors_from(std::string(reinterpret_cast<const char*>(data), size), "input");
        std::string& graph = file.metadata["graph"];
        const std::size_t part = below(random, 14);
        if (part == 0) {
            mutate(graph);
        } else if (part < 5) {
            mutate_json(graph, kValues, random);
        } else if (part < 8) {
            mutate_tensor(file, random);
        } else {
            IntegerGraph network = integer_graph_from(file);
            test::mutate(network, [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); });
            file = to_safetensors(network, {});
        }
        const std::string bytes = bytes_of(file);
        if (bytes.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
        std::memcpy(data, bytes.data(), bytes.size());
        return bytes.size();
    } catch (const Error&) {  // no file at all, or no longer one
        return LLVMFuzzerMutate(data, size, max_size);
    }
}
