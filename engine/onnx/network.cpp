#include "engine/onnx/network.hpp"

#include "engine/onnx/import.hpp"

namespace nibble {

OnnxNetwork read_onnx(const std::filesystem::path& path, Dims input) {
    const onnx::File file = onnx::read_file(path);
    onnx::Importer importer(file, path.string(), input);
    importer.run();
    auto [graph, weights, quantization] = std::move(importer).take();
    return {std::move(graph), std::move(weights), std::move(quantization), file.metadata};
}

OnnxOperations operations_in(const std::filesystem::path& path) {
    const onnx::File file = onnx::read_file(path);
    OnnxOperations found{file.opset, {}, {}};
    for (const onnx::Operation& operation : file.operations)
        ++(onnx::is_known(operation.type) ? found.known : found.unknown)[operation.type];
    return found;
}

}  // namespace nibble
