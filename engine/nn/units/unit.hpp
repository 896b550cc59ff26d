// What executes: a unit computes one stored tensor of the network, image by image, forwards and backwards.
//
// The plan (plan.hpp) turns the graph into units; batch norm, addition and ReLU after a convolution become
// one unit. A *slot* holds one image's data: while training there is one per image of the batch, otherwise
// one per thread. Images are independent but for batch statistics, so units run image by image while the data
// is in cache, and meet only where a batch-norm layer has to have seen the whole batch (Unit::finish_*).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/kernels/table.hpp"
#include "engine/nn/graph.hpp"
#include "engine/nn/layer_quantizer.hpp"
#include "engine/nn/numerics.hpp"
#include "engine/nn/units/buffer.hpp"

namespace nibble {

/// A worker's own memory, reused by every unit.
struct Scratch {
    Buffer operand, dy, image, image2, residual, values, gathered;
};

/// What names the random numbers of a training step: those of an image do not depend on the threads, nor on how a
/// batch is taken in parts.
struct Noise {
    std::uint64_t seed = 0;
    std::uint32_t step = 0, first_image = 0;  ///< of this part in its batch
};

/// What all units of one network share.
struct Context {
    const kernels::Kernels& kernels;
    Numerics numerics;
    bool training;
    int slots;
    Weights& weights;
    Weights& gradients;
    NetworkQuantizer* quantizer;  ///< null: nothing is quantized
    Noise noise{};                ///< of the training step that runs

    /// Sums of codes are stored as they are: 16 bits would round them.
    kernels::Storage storage() const {
        return numerics == Numerics::f32 || quantizer ? kernels::Storage::f32 : kernels::Storage::bf16;
    }
    kernels::Target operand() const {
        return numerics == Numerics::f32 ? kernels::Target::f32_operand : kernels::Target::bf16_operand;
    }
    int operand_bytes() const { return numerics == Numerics::f32 ? 4 : kernels.bf16_operand_bytes; }
};

inline std::size_t bytes_of(kernels::Storage storage) {
    return storage == kernels::Storage::f32 ? 4 : 2;
}

/// Stored elements as floats.
std::vector<float> floats_of(kernels::Storage storage, const void* from, std::size_t count);

/// Images are taken in chunks of this many wherever sums over images are formed: sequential within a chunk,
/// pairwise over chunks. Part of the definition of the bits.
inline constexpr int kChunk = 8;

class Unit;
class ActivationUnit;

/// A unit's use of another's output.
struct Edge {
    Unit* from = nullptr;
    bool first = true;  ///< backwards: no consumer has delivered a gradient before this one
    bool last = true;   ///< backwards: this consumer delivers last, so the gradient is complete
};

class Unit {
  public:
    Unit(const Context& context, Dims dims, kernels::Storage storage)
        : context_(context), dims_(dims), storage_(storage) {}
    virtual ~Unit() = default;
    Unit(const Unit&) = delete;
    Unit& operator=(const Unit&) = delete;

    Dims dims() const { return dims_; }
    kernels::Storage storage() const { return storage_; }

    /// Where it delivers gradients as it runs backward.
    virtual std::vector<Edge*> inputs() { return {}; }
    /// The activation that is its only reader and takes over its gradient; null: none.
    virtual ActivationUnit* activation() const { return nullptr; }

    /// Computes this unit's output for the image in `slot`.
    virtual void forward(int slot, Scratch& scratch) = 0;
    /// After every image of a training batch went forward: batch statistics.
    virtual void finish_forward(int /*images*/) {}
    /// Passes the complete gradient of this unit's output on to its inputs and parameters.
    virtual void backward(int slot, Scratch& scratch) = 0;
    /// After every image went backward: sums over the batch.
    virtual void finish_backward(int /*images*/) {}

    /// The output as floats, of the unit that computes the network's logits; say so first.
    void keep_floats() { floats_.resize(static_cast<std::size_t>(context_.slots)); }
    virtual const float* floats(int slot) const;
    /// How a consumer reads the output: as stored, or by normalising what is stored on the fly. The consumer
    /// sets pixels and destination.
    virtual kernels::Normalize view(int slot) const = 0;
    /// The complete gradient of this unit's output, as it lies in memory.
    kernels::NormalizeBackward gradient_view(int slot) const;

    /// A consumer delivers its part of the gradient of the output: floats [h*w][c], or null when all it has
    /// to say is that a residual connection is complete. The last one masks and sums it (rule()).
    virtual void receive(const Edge& edge, int slot, const float* incoming, Scratch& scratch);
    virtual bool wants_gradient() const { return true; }

    /// Memory for the gradient: one image's is at base + slot * stride. Assigned by the plan, shared over
    /// time.
    void set_gradient_memory(Buffer* memory, std::size_t stride) {
        gradient_memory_ = memory;
        gradient_stride_ = stride;
    }
    void* gradient(int slot) const { return gradient_memory_->data() + slot * gradient_stride_; }

    /// A residual connection that reads this unit: its gradient joins when this unit's is completed.
    void add_residual_reader(Unit* reader, int shortcut_stride);

  protected:
    /// What completing the gradient involves besides adding up: activations mask it and sum it for batch
    /// norm.
    virtual kernels::MaskGradient rule(int slot) const;

    std::size_t image_bytes() const { return dims_.size() * bytes_of(storage_); }
    /// The view of an output that is stored: one image behind the other.
    kernels::Normalize stored_view(const Buffer& images, int slot) const;

    const Context& context_;
    Dims dims_;
    kernels::Storage storage_;

  private:
    struct Reader {
        Unit* unit;
        int stride;  ///< 0: identity, else option A with this stride
    };
    const void* residual_gradient(const Reader& reader, int slot, Scratch& scratch) const;

    std::vector<Reader> residual_readers_;
    mutable std::vector<std::vector<float>> floats_;  ///< by slot, of an output in bfloat16
    Buffer* gradient_memory_ = nullptr;
    std::size_t gradient_stride_ = 0;
};

/// The network's input: images as they came, in the storage of the numerics.
class InputUnit : public Unit {
  public:
    InputUnit(const Context& context, Dims dims);
    void set(int slot, const float* image);

    void forward(int, Scratch&) override {}
    void backward(int, Scratch&) override {}
    kernels::Normalize view(int slot) const override;
    void receive(const Edge&, int, const float*, Scratch&) override {}
    bool wants_gradient() const override { return false; }

  private:
    Buffer images_;
};

}  // namespace nibble
