// Training augmentation: random crop after padding, random mirror image.
#pragma once

#include "datasets/image.hpp"
#include "engine/core/rng.hpp"

namespace nibble {

/// The training augmentation: pad by `pad` black pixels, crop the old size at random, mirror half of the
/// images.
struct Augmentation {
    int pad = 0;
    bool flip = false;
    friend bool operator==(const Augmentation&, const Augmentation&) = default;
};

/// Crops the image, padded by `pad` black pixels (byte 0) on every side, back to its size at offset
/// (dx, dy), 0 <= dx, dy <= 2 * pad, then mirrors it left to right if `mirrored`.
Image crop_and_mirror(const Image& image, int pad, int dx, int dy, bool mirrored);

/// Draws dx, then dy, uniformly, then the mirror with probability 1/2 (only if augmentation.flip), from
/// `random`. Nothing is drawn for what is switched off.
Image augment(const Image& image, const Augmentation& augmentation, Random random);

}  // namespace nibble
