// Glyphs: the embedded data set. 32x32 colour images of the ten digits, drawn from a seed.
//
// Each image shows one digit in one of several OpenCV stroke fonts, rotated, sheared, scaled, moved, often of
// low contrast, over a colour gradient with clutter and pieces of other digits, partly struck through,
// blurred and noisy. It is meant to be hard: so that 2, 3, 4 and 8 bits differ, a small network must not
// reach 100 %.
//
// Image i of a split is a function of (seed, split, i) alone. OpenCV only draws (putText, line, ellipse,
// fillConvexPoly on 8-bit images: integer arithmetic); warping, blending, blur and noise are integers of our
// own, because OpenCV's filters differ in their last bits between instruction sets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "datasets/dataset.hpp"

namespace nibble {

inline constexpr std::size_t kGlyphsTrain = 8000;
inline constexpr std::size_t kGlyphsTest = 2000;
inline constexpr std::uint64_t kGlyphsSeed = 1;

/// Image `index` of a split; its label is index % 10, so any run of ten images holds all classes.
Sample draw_glyph(std::uint64_t seed, Split split, std::uint32_t index);

/// The first `size` images of a split (1 to 1,000,000), all drawn here, in parallel. BadInput for another
/// size.
std::unique_ptr<Dataset> make_glyphs(Split split, std::size_t size, std::uint64_t seed = kGlyphsSeed);

}  // namespace nibble
