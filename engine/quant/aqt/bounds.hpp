// Where activations are clipped in "Pareto-Optimal Quantized ResNet Is Mostly 4-bit": bounds from statistics
// of a layer's input, gathered from the first training step on. Bounds are computed from them once, when the
// quantization of activations starts.
//
// For each batch, over nonzero values only:  max x, min x, mean |x|, mean x^2, of each channel or of the whole tensor.
// Each is tracked by an exponential moving average,  m <- m + 0.1 (batch - m),  starting at m = 0 as in the paper's code;
// a batch that has only zeros leaves it unchanged. Then
//
//   mean of max   b = max(|m_max|, |m_min|)
//   mean |x|      b = 3 m_|x|
//   mix           b = r 3 sqrt(m_{x^2}) + (1 - r) 3 m_|x|
//   fixed         b = value
//
// If a batch is processed in parts, as on the devices of the paper's training, max and min are averaged over the parts;
// the means are over the whole batch.
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
    /// `bounds`: how many, either one per channel or 1, which all channels share.
    InputStatistics(int channels, int bounds);

    /// One image of the batch, [pixels][channels]. Different slots may be filled at the same time, each by one thread.
    void observe(int slot, std::span<const float> values);
    /// Takes the images in the slots [0, images) as one part of the batch.
    void finish_part(int images);
    /// Updates the running statistics with the batch.
    void finish_batch();
    /// Room for images in slots [0, slots).
    void set_slots(int slots) { images_.resize(slots * sums_per_image()); }

    Vector<float> bounds(const BoundRule& rule) const;

    /// The running statistics, [4][bounds]: max, min, mean |x|, mean x^2.
    const Array<float>& running() const { return running_; }
    void set_running(Array<float> running) { running_ = std::move(running); }

  private:
    enum Row { kMax, kMin, kAbs, kSquare, kCount, kRows };
    std::size_t sums_per_image() const { return kRows * channels_; }

    std::size_t channels_;
    std::vector<double> images_;  ///< [slot][row][channel]
    Matrix<double> batch_;        ///< [row][bound]: sums over the parts so far
    Vector<double> parts_;        ///< [bound]: how many parts have a value that is not zero
    Array<float> running_;
};

}  // namespace nibble::aqt
