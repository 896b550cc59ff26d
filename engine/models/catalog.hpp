// Models by name, for configurations and the command line.
#pragma once

#include <string>
#include <vector>

#include "engine/nn/graph.hpp"

namespace nibble {

/// "resnet20", "resnet20-w0.5", "resnet32-projection", "plain20", "resnet50", "resnet50-w0.5": family, depth,
/// then options. Depths 18, 34, 50, 101 and 152 are torchvision's networks; those of the CIFAR family with as
/// many layers end in -cifar, other ImageNet depths in -imagenet ("resnet200-imagenet"). Throws BadInput with
/// the list of families for anything else.
Graph make_model(const std::string& name, int classes, Dims input);
/// The same with its family's usual input and classes: 224x224x3 and 1000 for ImageNet, 32x32x3 and 10
/// otherwise.
Graph make_model(const std::string& name);

/// Examples of every family, for help texts.
std::vector<std::string> model_examples();

}  // namespace nibble
