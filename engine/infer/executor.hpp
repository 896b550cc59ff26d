// Runs an integer graph on this machine: packed weights, integer GEMMs, one arena for what lies between.
//
// Many images: each worker takes whole images, a few at a time. Fewer images than workers: all workers share
// every step of an image and meet after it. Nobody can tell from the results.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/infer/integer_graph.hpp"

namespace nibble {

class IntegerExecutor {
  public:
    /// What stays readable after an image: the logits alone, or every value, at the price of a larger arena.
    enum class Keep { logits, values };

    /// Packs the weights for the active architecture. Throws what IntegerGraph::check() throws.
    explicit IntegerExecutor(IntegerGraph graph, Keep keep = Keep::logits);
    ~IntegerExecutor();

    /// images: n x h x w x c normalised floats; logits: n x classes. Throws BadInput when sizes do not fit.
    void logits(std::span<const float> images, std::span<float> logits);

    /// All values of the graph for one image, without borders: floats as they are, codes as floats. Only with
    /// Keep::values. Each worker (0 to workers() - 1) has an arena of its own, so they may do this side by side.
    /// Throws BadInput for an image of another size.
    std::vector<std::vector<float>> values(std::span<const float> image, int worker);

    /// For measuring steps one by one: gives each of these images an arena of its own, as if all of them
    /// passed the network layer by layer. Throws BadInput when sizes do not fit.
    void load(std::span<const float> images);
    /// Runs one step, by its index in graph().steps (which must be one), for the images loaded, shared among the
    /// workers as logits() would. Steps before it have run for them.
    void run_step(std::size_t step);

    /// At most so many work at the same time: the number of threads when this was made.
    int workers() const;
    const IntegerGraph& graph() const;
    /// Bytes of one image's arena.
    std::size_t arena_bytes() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace nibble
