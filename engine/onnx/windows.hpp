// Attributes of sliding windows: kernel, strides, paddings, dilations.
#pragma once

#include "engine/onnx/import.hpp"

namespace nibble::onnx {

/// Throws BadInput unless `x` is seen as [n, c, h, w].
void require_image(const Activation& x);
/// Throws BadInput unless axis 1 is the channels.
void require_channels_first(const Activation& x);

/// The operation's window over images of size `in`, from strides, pads, auto_pad, dilations and ceil_mode.
Window window_of(const Importer& importer, Dims in, int kernel_h, int kernel_w);

}  // namespace nibble::onnx
