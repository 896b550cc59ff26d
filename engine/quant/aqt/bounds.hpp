// Where activations are clipped in "Pareto-Optimal Quantized ResNet Is Mostly 4-bit": bounds from statistics
// of a layer's input, gathered from the first training step on and turned into bounds once.
//
// Per batch, zeros left out:  max x, min x, mean |x|, mean x^2, of each channel or of the whole tensor; each
// followed by  m <- m + 0.1 (batch - m)  from m = 0, not moved by a batch whose values are all zero. Then
//
//   mean of max   b = max(|m_max|, |m_min|)
//   mean |x|      b = 3 m_|x|
//   mix           b = r 3 sqrt(m_x^2) + (1 - r) 3 m_|x|
//   fixed         b given
//
// Where a batch is taken in parts, like the devices of the paper's training, extremes are averaged over the
// parts and means are those of the whole batch.
#pragma once

#include <span>
#include <vector>

#include "engine/core/tensor.hpp"

namespace nibble::aqt {

struct BoundRule {
    enum class Kind { mean_of_max, mean_abs, mix, fixed };
    Kind kind = Kind::mean_of_max;
    float value = 0;  ///< mix: r in [0, 1]; fixed: the bound
    friend bool operator==(const BoundRule&, const BoundRule&) = default;
};

class InputStatistics {
  public:
    /// `bounds`: their number, one per channel, or one that all channels share.
    InputStatistics(int channels, int bounds);

    /// One image of the batch, [pixels][channels]; for one slot by one thread.
    void observe(int slot, std::span<const float> values);
    /// Takes the images in the slots [0, images) as one part of the batch.
    void finish_part(int images);
    /// Moves the running statistics.
    void finish_batch();
    /// Room for images in slots [0, slots).
    void set_slots(int slots) { images_.resize(slots * sums_an_image()); }

    Vector<float> bounds(const BoundRule& rule) const;

    /// The running statistics, [4][bounds]: max, min, mean |x|, mean x^2.
    const Array<float>& running() const { return running_; }
    void set_running(Array<float> running) { running_ = std::move(running); }

  private:
    enum Row { kMax, kMin, kAbs, kSquare, kCount, kRows };
    std::size_t sums_an_image() const { return kRows * channels_; }

    std::size_t channels_;
    std::vector<double> images_;  ///< [slot][row][channel]
    Matrix<double> batch_;        ///< [row][bound]: sums over the parts so far
    Vector<double> parts_;        ///< [bound]: how many parts have a value that is not zero
    Array<float> running_;
};

}  // namespace nibble::aqt
