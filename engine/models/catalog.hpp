// Models by name, for configurations and the command line.
#pragma once

#include <string>
#include <vector>

#include "engine/nn/graph.hpp"

namespace nibble {

/// "resnet20", "resnet20-w0.5", "resnet32-projection", "plain20", "resnet50", "resnet50-w0.5": family, depth,
/// then options. Depths 18, 34, 50, 101 and 152 are torchvision's networks; those of the CIFAR family with as
/// many layers end in -cifar, other ImageNet depths in -imagenet ("resnet200-imagenet"). Others are torchvision's
/// by its names ("mobilenet_v2"), and variants for images of 32x32 ("mobilenet_v2-cifar"). Throws BadInput for
/// anything else.
Graph make_model(const std::string& name, int classes, Dims input);
/// The same with its family's usual input and classes: 224x224x3 and 1000 for ImageNet (Inception 299x299x3),
/// 32x32x3 and 10 otherwise.
Graph make_model(const std::string& name);

/// Examples of the families with options, and all other names.
std::vector<std::string> model_examples();

}  // namespace nibble
