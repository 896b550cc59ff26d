// What flows through a float network: its values observed on calibration images, a few at a time, never kept.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "engine/nn/graph.hpp"
#include "engine/quant/calibration/histogram.hpp"

namespace nibble {

/// Called with a node and the values of one image there; for one node by one worker at a time, images in any
/// order.
using Visit = std::function<void(int node, std::span<const float> values)>;

/// Runs the float network (f32) over n images and shows the values of every node that is not inside a fused
/// layer. Throws BadInput when the weights or images do not fit.
void visit_values(const Graph& graph, const Weights& weights, std::span<const float> images,
                  const Visit& visit);

/// The smallest and largest value seen.
struct ValueRange {
    float lowest = 0, highest = 0;
    float magnitude() const { return highest > -lowest ? highest : -lowest; }
    void include(std::span<const float> values);
};

/// By node; 0 to 0 where nothing was seen. Ranges of more images: call again with the result so far.
void observe_ranges(const Graph& graph, const Weights& weights, std::span<const float> images,
                    std::vector<ValueRange>& ranges);

/// By node: what convolutions, linear layers and additions read. Empty for other nodes.
std::vector<Histogram> observe_histograms(const Graph& graph, const Weights& weights,
                                          std::span<const float> images);

}  // namespace nibble
