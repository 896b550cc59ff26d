#!/usr/bin/env python3
"""Times PyTorch on whole networks; prints one JSON document. ONEDNN_MAX_CPU_ISA caps the instructions of its kernels.

f32: traced, frozen, optimize_for_inference, channels last. int8: FX graph mode quantization (u8 activations, s8
weights per channel) with the onednn engine, traced and frozen. Both take and return f32 tensors.
"""
import os

import torch
from torch.ao.quantization import get_default_qconfig_mapping
from torch.ao.quantization.quantize_fx import convert_fx, prepare_fx

from measuring import arguments, print_document, time_networks
from networks import make_images, make_network


def quantized(network, images):
    torch.backends.quantized.engine = "onednn"
    prepared = prepare_fx(network, get_default_qconfig_mapping("onednn"), (images,))
    prepared(images)
    return convert_fx(prepared)


def prepare(name, precision, batch):
    images = make_images(name, batch).contiguous(memory_format=torch.channels_last)
    network = make_network(name).to(memory_format=torch.channels_last)
    if precision == "int8":
        network = quantized(network, images)
    traced = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(network, images)))
    return lambda: traced(images)


def main():
    options = arguments(__doc__).parse_args()
    torch.set_num_threads(options.threads)
    with torch.no_grad():
        rows = time_networks(options, prepare)
    print_document("PyTorch", torch.__version__, options, os.environ.get("ONEDNN_MAX_CPU_ISA"), rows)


main()
