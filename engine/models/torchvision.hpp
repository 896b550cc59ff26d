// torchvision's networks: its names of models and parameters, evaluation without auxiliary heads.
#pragma once

#include <array>

#include "engine/nn/graph.hpp"

namespace nibble {

struct ModelOptions {
    int classes = 1000;
    Dims input{224, 224, 3};
};

/// Krizhevsky (2014), "One weird trick", without local response normalization.
Graph alexnet(const ModelOptions& options);
/// Simonyan and Zisserman (2014): depth 11, 13, 16 or 19.
Graph vgg(int depth, bool batch_norm, const ModelOptions& options);
/// Iandola et al. (2016): minor version 0 or 1.
Graph squeezenet(int version, const ModelOptions& options);
/// Szegedy et al. (2014), with batch norm; the "5x5" branches have 3x3 windows, as torchvision's do.
Graph googlenet(const ModelOptions& options);
/// Szegedy et al. (2015). Inputs are usually 299 x 299.
Graph inception_v3(const ModelOptions& options);
/// Huang et al. (2016): depth 121, 161, 169 or 201.
Graph densenet(int depth, const ModelOptions& options);
/// The same for small images, without bottlenecks: 3 blocks of 12 layers that add 12 channels each.
Graph densenet40(const ModelOptions& options);
/// Sandler et al. (2018). For small images: strides of 1 in the stem and where channels become 24.
Graph mobilenet_v2(bool small_images, const ModelOptions& options);
/// Howard et al. (2019).
Graph mobilenet_v3(bool large, const ModelOptions& options);
/// Tan et al. (2018); alpha multiplies channels.
Graph mnasnet(double alpha, const ModelOptions& options);
/// Ma et al. (2018): channels of the stem, the three stages and the last convolution. For small images: a stem of
/// stride 1 without pooling.
Graph shufflenet_v2(const std::array<int, 5>& channels, bool small_images, const ModelOptions& options);
/// Tan and Le (2019), B0; without stochastic depth.
Graph efficientnet_b0(const ModelOptions& options);

}  // namespace nibble
