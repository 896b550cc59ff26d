#!/usr/bin/env python3
"""PyTorch's answer to a question asked by the tests: torch_oracle.py QUESTION ANSWER (both safetensors).

The question holds weights by name, "images" (n x h x w x c), "labels" (n, I32) and metadata:
    depth, shortcut (option_a | projection | none), width
    learning_rates   one per training step; every step sees the same batch
    momentum, weight_decay, label_smoothing
The answer holds "logits.eval" (with the given weights and running statistics), and if there are training steps
"loss" of each, "grad.<name>" of the first, "after.<name>" (weights and running statistics after the last) and
"relu_margin", how near to zero the input of any ReLU came while training.
"""
import json
import sys

import torch
from torch import nn
from torch.nn import functional as F

from tensors import read, write


class WatchedRelu(nn.Module):
    margin = float("inf")  # of all of them

    def forward(self, x):
        if self.training:
            WatchedRelu.margin = min(WatchedRelu.margin, x.detach().abs().min().item())
        return F.relu(x)


class Block(nn.Module):
    def __init__(self, inputs, channels, stride, shortcut):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.relu = WatchedRelu()
        self.shortcut, self.stride, self.padding = shortcut, stride, channels - inputs
        if shortcut == "projection" and (stride > 1 or inputs != channels):
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))

    def beside(self, x):
        if hasattr(self, "downsample"):
            return self.downsample(x)
        below = self.padding // 2
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, below, self.padding - below))

    def forward(self, x):
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return self.relu(y if self.shortcut == "none" else y + self.beside(x))


class ResnetCifar(nn.Module):
    def __init__(self, depth, width, shortcut, inputs, classes):
        super().__init__()
        channels = [max(1, int(c * width)) for c in (16, 32, 64)]
        self.conv1 = nn.Conv2d(inputs, channels[0], 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels[0])
        self.relu = WatchedRelu()
        before = channels[0]
        for stage, c in enumerate(channels, 1):
            blocks = []
            for i in range((depth - 2) // 6):
                blocks.append(Block(before, c, 2 if stage > 1 and i == 0 else 1, shortcut))
                before = c
            setattr(self, f"layer{stage}", nn.Sequential(*blocks))
        self.linear = nn.Linear(before, classes)

    def forward(self, x):
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(x.mean((2, 3)))


def train(model, images, labels, question):
    """Nibble's rule: weight decay on tensors of more than one dimension only, Nesterov momentum."""
    parameters = list(model.parameters())
    optimizer = torch.optim.SGD(
        [{"params": [p for p in parameters if p.dim() > 1], "weight_decay": float(question["weight_decay"])},
         {"params": [p for p in parameters if p.dim() == 1], "weight_decay": 0.0}],
        lr=1.0, momentum=float(question["momentum"]), nesterov=question["nesterov"] == "true")
    model.train()
    answer, losses = {}, []
    for step, rate in enumerate(json.loads(question["learning_rates"])):
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), labels, label_smoothing=float(question["label_smoothing"]))
        loss.backward()
        losses.append(loss.item())
        if step == 0:
            answer.update({f"grad.{name}": p.grad.clone() for name, p in model.named_parameters()})
        optimizer.step()
    answer["loss"] = torch.tensor(losses)
    answer["relu_margin"] = torch.tensor([WatchedRelu.margin])
    answer.update({f"after.{name}": value for name, value in model.state_dict().items()
                   if not name.endswith("num_batches_tracked")})
    return answer


def main():
    tensors, question = read(sys.argv[1])
    images = tensors.pop("images").permute(0, 3, 1, 2).contiguous()
    labels = tensors.pop("labels").long()
    model = ResnetCifar(int(question["depth"]), float(question["width"]), question["shortcut"], images.shape[1],
                        tensors["linear.weight"].shape[0])
    missing, unexpected = model.load_state_dict(tensors, strict=False)
    assert not unexpected and all(name.endswith("num_batches_tracked") for name in missing), (missing, unexpected)
    model.eval()
    with torch.no_grad():
        answer = {"logits.eval": model(images)}
    if json.loads(question["learning_rates"]):
        answer.update(train(model, images, labels, question))
    write(sys.argv[2], answer)


main()
