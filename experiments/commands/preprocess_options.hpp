// The options of commands that say how images become a network's inputs.
#pragma once

#include <string>

#include "datasets/preprocessing/preprocessing.hpp"
#include "experiments/commands/command_line.hpp"

namespace nibble {

/// What is stated for one network, and who said how its inputs are normalised.
struct NetworkPreprocessing {
    StatedPreprocessing stated;
    std::string normalization_from;  ///< "flags", "file", "weights", "author", or "data" where nobody did
};

struct PreprocessOptions {
    std::string file, resize, filter, crop, crop_offset, channels, scale, mean, std;

    /// Adds --preprocess, --resize, --filter, --crop, --crop-offset, --channels, --scale, --mean, --std.
    void add(Command& command);
    bool given() const;

    /// First come, first served: these options; the file of --preprocess; NET.preprocess.json beside the network's
    /// file; its metadata ("preprocessing", normalize_mean, normalize_std). The network is `weights`, or where that is
    /// empty the ONNX file `model`. Throws BadInput and IoError.
    NetworkPreprocessing of(const std::string& weights, const std::string& model) const;
};

}  // namespace nibble
