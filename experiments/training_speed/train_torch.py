#!/usr/bin/env python3
"""The peer: images per second of training ResNet-20 by PyTorch, as training_speed.cpp measures it for Nibble.

train_torch.py f32|bf16 THREADS SECONDS prints one JSON object. Channels last; bf16 is CPU autocast.
"""
import contextlib
import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

BATCH, CLASSES = 128, 10


class Block(nn.Module):
    def __init__(self, inputs, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.changes = stride > 1
        self.pad = (0, 0, 0, 0, (channels - inputs) // 2, (channels - inputs) // 2)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        y = self.bn2(self.conv2(y))
        return F.relu(y + (F.pad(x[:, :, ::2, ::2], self.pad) if self.changes else x), inplace=True)


def resnet20():
    layers = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True)]
    for inputs, channels in ((16, 16), (16, 32), (32, 64)):
        layers += [Block(inputs, channels, channels // inputs), Block(channels, channels, 1), Block(channels, channels, 1)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, CLASSES))


def peak_memory():
    with open("/proc/self/status") as status:
        return next(1024 * int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def main():
    numerics, threads, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    torch.set_flush_denormal(True)  # Nibble does it too
    model = resnet20().to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-4)
    images = torch.randn(BATCH, 3, 32, 32).to(memory_format=torch.channels_last)
    labels = torch.randint(CLASSES, (BATCH,))
    arithmetic = (lambda: torch.autocast("cpu", torch.bfloat16)) if numerics == "bf16" else contextlib.nullcontext

    def step():
        optimizer.zero_grad(set_to_none=True)
        with arithmetic():
            loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    step()
    steps, start = 0, time.perf_counter()
    while steps == 0 or time.perf_counter() - start < seconds:
        step()
        steps += 1
    elapsed = time.perf_counter() - start
    print(json.dumps({"items_per_second": steps * BATCH / elapsed, "iterations": steps,
                      "peak_memory_bytes": peak_memory(), "version": torch.__version__}))


main()
