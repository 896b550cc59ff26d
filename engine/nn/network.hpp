// A graph made executable: its units, their memory, and the passes over them.
#pragma once

#include <span>
#include <vector>

#include "engine/nn/plan.hpp"

namespace nibble {

class Network {
  public:
    enum class Mode { training, evaluation };

    /// Training: a slot for every image of the largest batch. Evaluation: `slots` is ignored, one per worker.
    /// `weights` and `gradients` stay the caller's, must fit the graph (Graph::check) and outlive the
    /// network, and so must the quantizer, if there is one: the layers it names then compute with codes, and
    /// all activations are stored as floats. Throws Unsupported for graphs that the units cannot express,
    /// naming the node.
    Network(const Graph& graph, Numerics numerics, Mode mode, int slots, Weights& weights, Weights& gradients,
            NetworkQuantizer* quantizer = nullptr, Fuse how = Fuse::all);

    Network(const Network&) = delete;  // its units refer to its context
    Network& operator=(const Network&) = delete;

    int classes() const { return plan_.output->dims().c; }
    std::size_t image_size() const { return plan_.input->dims().size(); }
    /// At most so many may work at the same time: the number of threads when this was made.
    int workers() const { return static_cast<int>(scratch_.size()); }

    /// Takes over changed weights; in evaluation the running statistics, too.
    void update_weights();

    /// Training: images [n][h][w][c], n at most `slots`, forward with batch statistics; `noise` decides what dropout
    /// leaves out.
    void forward(std::span<const float> images, const Noise& noise = {});
    /// Training: the logits of image `slot` of the last forward pass.
    std::span<const float> logits(int slot) const;
    /// Training: from the gradients of the logits [n][classes] to those of all parameters.
    void backward(std::span<const float> logit_gradients);

    /// Evaluation: one image, in the slot of the calling worker.
    void infer(const float* image, std::span<float> logits, int worker);
    /// What the worker's last infer() computed for a node, as floats [h*w][c]; nothing for nodes inside a
    /// fused layer.
    std::vector<float> activation(int node, int worker) const;

  private:
    Context context_;
    Plan plan_;
    std::vector<Scratch> scratch_;
    int images_ = 0;
};

}  // namespace nibble
