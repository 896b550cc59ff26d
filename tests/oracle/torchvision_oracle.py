#!/usr/bin/env python3
"""torchvision's answer to a question asked by the tests: torchvision_oracle.py QUESTION ANSWER ONNX (two safetensors).

The question holds weights by torchvision's names, "images" (n x h x w x c) and the model's name as metadata. The answer
holds "logits", and "macs": the multiplications of convolutions and linear layers for one image, in two parts, since
floats hold integers up to 2^24 only: macs[0] * 2^20 + macs[1]. ONNX becomes the network as torch.onnx.export writes it,
of the opset in the question's metadata, if there is one; of even opsets batch norm is kept and the batch is open.
"""
import sys
import warnings

import torch
import torchvision
from torch import nn

from tensors import read, write


def count_macs(model, image):
    total = 0

    def add(module, _, output):
        nonlocal total
        pixels = output[0].numel() // output.shape[1]
        total += pixels * module.weight.numel()

    handles = [m.register_forward_hook(add) for m in model.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    model(image)
    for handle in handles:
        handle.remove()
    return total


def main():
    tensors, question = read(sys.argv[1])
    images = tensors.pop("images").permute(0, 3, 1, 2).contiguous()
    name = question["model"]
    options = {"init_weights": False, "aux_logits": False} if name in ("googlenet", "inception_v3") else {}
    model = getattr(torchvision.models, name)(weights=None, **options)
    state = model.state_dict()
    assert {n for n in state if not n.endswith("num_batches_tracked")} == set(tensors)
    state.update(tensors)
    model.load_state_dict(state)
    model.eval()
    with torch.no_grad():
        macs = count_macs(model, images[:1])
        write(sys.argv[2], {"logits": model(images), "macs": torch.tensor([float(macs >> 20), float(macs % (1 << 20))])})
    if "opset" not in question:
        return
    opset = int(question["opset"])
    even = opset % 2 == 0
    mode = torch.onnx.TrainingMode.PRESERVE if even else torch.onnx.TrainingMode.EVAL
    warnings.simplefilter("ignore")
    torch.onnx.export(model, images[:1], sys.argv[3], opset_version=opset, training=mode, input_names=["input"],
                      dynamic_axes={"input": {0: "n"}} if even else None)


main()
