// The name of one experiment run.
//
//     baseline/resnet20-w1.0--cifar10--bf16--s0
//     paper    model          data     method seed
#pragma once

#include <cstdint>
#include <string>

namespace nibble {

struct Cell {
    std::string paper;   ///< folder under experiments/
    std::string model;   ///< as make_model() takes it
    std::string data;    ///< as open_dataset() takes it
    std::string method;  ///< what is done to the network; for `baseline` the numerics: "f32", "bf16"
    std::uint64_t seed = 0;

    /// The part after the slash: the name of the result file without ".json".
    std::string leaf() const;
    std::string name() const { return paper + "/" + leaf(); }
    friend bool operator==(const Cell&, const Cell&) = default;
};

/// The inverse of name(). Throws BadInput unless every part is made of a-z, 0-9, '.', '_' and single '-',
/// begins with a letter or digit, and name() gives back the same text.
Cell cell_from(const std::string& name);

}  // namespace nibble
