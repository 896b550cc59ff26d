// From the bytes of an image to the floats a network computes with.
//
//     value[pixel][c] = (byte[pixel][channel(c)] / scale - mean[c]) / std[c],   each operation rounded to float
//
// channel(c) is c, or 2 - c where networks want blue, green, red (Caffe); mean and std are in the network's order.
// With scale 255 bytes become 0 to 1 (torchvision, darknet), with scale 1 they stay 0 to 255 (Caffe), with scale 255
// and mean = std = 0.5 they become -1 to 1 (TensorFlow).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace nibble {

enum class ChannelOrder { rgb, bgr };

struct Normalization {
    std::vector<float> mean, std;  ///< one per channel
    float scale = 255;
    ChannelOrder channels = ChannelOrder::rgb;
    friend bool operator==(const Normalization&, const Normalization&) = default;
};

/// tables[c][byte] = (float(byte) / scale - mean[c]) / std[c].
/// Throws BadInput unless there is one finite mean and one finite std > 0 per channel, and a finite scale > 0.
std::vector<std::array<float, 256>> normalization_tables(const Normalization& normalization, int channels);

/// The equation above, of whole images.
class Normalizer {
  public:
    /// Throws as normalization_tables.
    Normalizer(const Normalization& normalization, int channels);

    /// `bytes` are pixels of interleaved channels, RGB if there are three; as many values are written.
    void operator()(std::span<const std::uint8_t> bytes, float* values) const;

  private:
    std::vector<std::array<float, 256>> tables_;
    bool reversed_;
};

}  // namespace nibble
