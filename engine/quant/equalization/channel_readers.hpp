// Where a factor on an output channel of a layer ends up. Operations f with f(s x) = s f(x) for s > 0 (positively
// homogeneous) hand it on: ReLU, leaky ReLU, pooling, padding with zeros, dropout at evaluation. Concatenations,
// slices and shuffles move it to another channel. The layers that multiply the channel by weights can undo it.
#pragma once

#include <optional>
#include <vector>

#include "engine/nn/graph.hpp"

namespace nibble {

struct InputChannel {
    int layer;    ///< a convolution or linear layer
    int channel;  ///< of its whole input
    friend bool operator==(const InputChannel&, const InputChannel&) = default;
};

struct ChannelReaders {
    std::vector<std::vector<InputChannel>> of;  ///< by output channel; none for one that is sliced away
};

/// Of a convolution or linear layer. Nothing if one of its channels reaches the output of the network or an
/// operation that does not hand a factor on, such as an addition.
std::optional<ChannelReaders> channel_readers(const Graph& graph, int layer);

}  // namespace nibble
