// The name of one experiment run, and the name of the weights it starts from.
//
//     baseline/resnet20-w1.0--cifar10--bf16--s0
//     experiment    model          data     method seed
//
// The source of float weights is one of
//
//     pretrained/cifar10/resnet20.safetensors      a file below NIBBLE_DATA
//     pretrained/imagenet/resnet18-f37072fd.pth    the same
//     onnx/tinydarknet.onnx                        the same; the architecture is the file's, too
//     baseline/resnet8-w1.0--glyphs--f32--s0       a cell of the same profile that trains in floats
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace nibble {

struct Cell {
    std::string experiment;  ///< folder under experiments/
    std::string model;       ///< as make_model() takes it
    std::string data;        ///< as open_dataset() takes it
    std::string method;      ///< what is done to the network; for `baseline` the numerics: "f32", "bf16"
    std::uint64_t seed = 0;

    /// The part after the slash: the name of the result file without ".json".
    std::string leaf() const;
    std::string name() const { return experiment + "/" + leaf(); }
    friend bool operator==(const Cell&, const Cell&) = default;
};

/// The inverse of name(). Throws BadInput unless every part is made of a-z, 0-9, '.', '_' and single '-',
/// begins with a letter or digit, and name() gives back the same text.
Cell cell_from(const std::string& name);

/// Whether a source is a file.
bool is_file(const std::string& source);
/// NIBBLE_DATA/source.
std::filesystem::path file_of(const std::string& source);
/// Throws BadInput unless it is one of the two forms.
void check_source(const std::string& source);

}  // namespace nibble
