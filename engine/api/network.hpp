// A network as other programs use it: read from a file that needs nothing besides, and run.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <string>

#include "engine/nn/node.hpp"

namespace nibble::api {

class Network {
  public:
    /// Reads integer networks, networks with quantized weights, and ONNX files. Throws IoError, BadInput,
    /// Unsupported.
    explicit Network(const std::filesystem::path& path);

    Dims input() const { return input_; }
    int classes() const { return classes_; }
    /// "integers-avx2", "f32-avx2"
    const std::string& runs_as() const { return runs_as_; }
    const std::map<std::string, std::string>& metadata() const { return metadata_; }

    /// n x h x w x c normalised floats to n x classes logits, one call after the other. Throws BadInput when sizes do not
    /// fit.
    void run(std::span<const float> images, std::span<float> logits) const;

  private:
    Dims input_;
    int classes_ = 0;
    std::string runs_as_;
    std::map<std::string, std::string> metadata_;
    std::function<void(std::span<const float> images, std::span<float> logits)> logits_;
    mutable std::mutex running_;
};

}  // namespace nibble::api
