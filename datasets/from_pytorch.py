#!/usr/bin/python3
"""Turns a PyTorch checkpoint of a CIFAR or ImageNet ResNet into the safetensors file that Nibble reads.

    datasets/from_pytorch.py resnet20.th $NIBBLE_DATA/pretrained/cifar10/resnet20.safetensors \\
        --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225

The checkpoint is a dictionary of tensors, or holds one as "state_dict"; "module." before each name (left by
DataParallel) goes. Needs python3-torch.
"""

import argparse
import json
import os
import pathlib
import struct
import sys


def weights_in(path):
    import torch  # late: --help works without it

    stored = torch.load(path, map_location="cpu", weights_only=True)
    stored = stored.get("state_dict", stored)
    weights = {}
    for name, tensor in stored.items():
        if not name.endswith("num_batches_tracked"):  # PyTorch's counters decide nothing
            weights[name.removeprefix("module.")] = tensor.detach().to(torch.float32).contiguous()
    return weights


def write_safetensors(path, weights, metadata):
    header, chunks, end = {"__metadata__": metadata}, [], 0
    for name in sorted(weights):
        values = weights[name].numpy().tobytes()
        header[name] = {
            "dtype": "F32",
            "shape": list(weights[name].shape),
            "data_offsets": [end, end + len(values)],
        }
        chunks.append(values)
        end += len(values)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(chunks))
    os.replace(partial, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--mean", required=True, help="of each channel, subtracted from byte / 255")
    parser.add_argument("--std", required=True, help="of each channel, divided by")
    options = parser.parse_args()
    try:
        metadata = {"normalize_mean": options.mean, "normalize_std": options.std}
        write_safetensors(options.out, weights_in(options.checkpoint), metadata)
    except ModuleNotFoundError:
        sys.exit("from_pytorch.py: PyTorch is not installed (apt-get install python3-torch)")
    except Exception as error:  # torch.load raises whatever unpickling meets
        sys.exit(f"from_pytorch.py: {options.checkpoint}: {' '.join(str(error).split())}")


if __name__ == "__main__":
    main()
