"""The networks that the peers run, as PyTorch modules with random weights: ResNet-20 for CIFAR (option A), and
ResNet-18 and -50 as torchvision defines them."""
import torch
from torch import nn

from measuring import image_shape


def convolution(inputs, outputs, kernel, stride=1):
    return [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs)]


def option_a(inputs, outputs, stride):
    """Every second pixel, new channels of zeros on both sides: as a convolution, since slicing and padding would
    leave the integers in PyTorch and cost more in all."""
    convolution = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
    first = (outputs - inputs) // 2
    nn.init.zeros_(convolution.weight)
    nn.init.eye_(convolution.weight.data[first:first + inputs, :, 0, 0])
    return convolution


class Block(nn.Module):
    def __init__(self, layers, shortcut):
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.shortcut = shortcut
        self.relu = nn.ReLU()

    def forward(self, x):
        return self.relu(self.layers(x) + self.shortcut(x))


def basic(inputs, channels, stride):
    return [*convolution(inputs, channels, 3, stride), nn.ReLU(), *convolution(channels, channels, 3)]


def bottleneck(inputs, channels, stride):
    return [*convolution(inputs, channels // 4, 1), nn.ReLU(), *convolution(channels // 4, channels // 4, 3, stride),
            nn.ReLU(), *convolution(channels // 4, channels, 1)]


def projection(inputs, channels, stride):
    return nn.Sequential(*convolution(inputs, channels, 1, stride))


def stages(inputs, widths, counts, layers, shortcut):
    """`shortcut` builds the one that changes the shape."""
    blocks = []
    for stage, (channels, count) in enumerate(zip(widths, counts)):
        for index in range(count):
            stride = 2 if stage > 0 and index == 0 else 1
            changes = inputs != channels
            blocks.append(Block(layers(inputs, channels, stride),
                                shortcut(inputs, channels, stride) if changes else nn.Identity()))
            inputs = channels
    return blocks


class Flatten(nn.Module):
    """nn.Flatten, as the function that PyTorch's quantizer knows."""

    def forward(self, x):
        return torch.flatten(x, 1)


def head(channels, classes):
    return [nn.AdaptiveAvgPool2d(1), Flatten(), nn.Linear(channels, classes)]


def resnet20():
    return nn.Sequential(*convolution(3, 16, 3), nn.ReLU(),
                         *stages(16, (16, 32, 64), (3, 3, 3), basic, option_a), *head(64, 10))


def imagenet(widths, counts, layers):
    return nn.Sequential(*convolution(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1),
                         *stages(64, widths, counts, layers, projection), *head(widths[-1], 1000))


def resnet18():
    return imagenet((64, 128, 256, 512), (2, 2, 2, 2), basic)


def resnet50():
    return imagenet((256, 512, 1024, 2048), (3, 4, 6, 3), bottleneck)


def make_network(name):
    torch.manual_seed(0)
    network = {"resnet20": resnet20, "resnet18": resnet18, "resnet50": resnet50}[name]()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.bias, std=0.1)  # the ONNX exporter would merge biases that are all zero
    return network.eval()


def make_images(name, batch):
    torch.manual_seed(1)
    return torch.randn(image_shape(name, batch))
