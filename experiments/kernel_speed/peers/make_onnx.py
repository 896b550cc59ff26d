#!/usr/bin/env python3
"""Writes the networks as ONNX files: NAME-bBATCH-f32.onnx and NAME-bBATCH-int8.onnx in a folder.

int8 is the QDQ form (QuantizeLinear, DequantizeLinear around each operation): u8 activations, s8 weights per
output channel, s32 biases. The scales of activations are made up: they do not change the speed. empty-b1-f32.onnx
is one ReLU on one number.
"""
import pathlib
import sys

import numpy
import onnx
import torch
from onnx import helper, numpy_helper

from measuring import NETWORKS
from networks import make_images, make_network

ACTIVATION_SCALE = 0.03
OPSET = 13  # the first with scales per channel


class Quantizer:
    """Turns an f32 model into its QDQ form, in place."""

    def __init__(self, graph):
        self.graph = graph
        self.values = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
        self.nodes = []

    def constant(self, name, value):
        self.graph.initializer.append(numpy_helper.from_array(numpy.asarray(value), name))
        return name

    def add(self, operation, inputs, output, **attributes):
        self.nodes.append(helper.make_node(operation, inputs, [output], name=f"{operation}_{output}", **attributes))
        return output

    def store(self, tensor, zero_point):
        """Tensor as u8 and back; returns the name that its consumers read."""
        parameters = [self.constant(tensor + "_scale", numpy.float32(ACTIVATION_SCALE)),
                      self.constant(tensor + "_zero", numpy.uint8(zero_point))]
        self.add("QuantizeLinear", [tensor, *parameters], tensor + "_u8")
        return self.add("DequantizeLinear", [tensor + "_u8", *parameters], tensor + "_stored")

    def parameter(self, name, scales, dtype):
        codes = numpy.rint(self.values[name] / scales.reshape(-1, *[1] * (self.values[name].ndim - 1))).astype(dtype)
        inputs = [self.constant(name + "_codes", codes), self.constant(name + "_scales", scales),
                  self.constant(name + "_zeros", numpy.zeros(len(scales), dtype))]
        return self.add("DequantizeLinear", inputs, name + "_quantized", axis=0)

    def quantize_parameters(self, node):
        _, weights, *bias = node.input
        magnitudes = numpy.abs(self.values[weights]).reshape(len(self.values[weights]), -1).max(axis=1)
        magnitudes[magnitudes == 0] = 1  # the new channels of option A
        scales = (magnitudes / 127).astype(numpy.float32)
        node.input[1] = self.parameter(weights, scales, numpy.int8)
        if bias:
            node.input[2] = self.parameter(bias[0], scales * numpy.float32(ACTIVATION_SCALE), numpy.int32)

    def run(self):
        stored = {self.graph.input[0].name: self.store(self.graph.input[0].name, 128)}
        before_relu = {node.input[0] for node in self.graph.node if node.op_type == "Relu"}
        non_negative = set()
        for node in self.graph.node:
            source, result = node.input[0], node.output[0]
            if node.op_type == "Relu" or (node.op_type not in ("Conv", "Gemm", "Add") and source in non_negative):
                non_negative.add(result)
            for i, name in enumerate(node.input):
                node.input[i] = stored.get(name, name)
            if node.op_type in ("Conv", "Gemm"):
                self.quantize_parameters(node)
            self.nodes.append(node)
            # What only ReLU reads stays inside the fused operation.
            if result not in before_relu and result != self.graph.output[0].name:
                stored[result] = self.store(result, 0 if result in non_negative else 128)
        del self.graph.node[:]
        self.graph.node.extend(self.nodes)
        used = {name for node in self.nodes for name in node.input}
        kept = [tensor for tensor in self.graph.initializer if tensor.name in used]
        del self.graph.initializer[:]
        self.graph.initializer.extend(kept)


def export(network, images, path):
    torch.onnx.export(network, images, path, opset_version=OPSET, input_names=["images"], output_names=["logits"])


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(f"usage: make_onnx.py FOLDER\n\n{__doc__}")
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    export(torch.nn.ReLU(), torch.zeros(1, 1), folder / "empty-b1-f32.onnx")
    for name, precision, batch in NETWORKS:
        path = folder / f"{name}-b{batch}-{precision}.onnx"
        export(make_network(name), make_images(name, batch), path)
        if precision == "int8":
            model = onnx.load(path)
            Quantizer(model.graph).run()
            onnx.checker.check_model(model)
            onnx.save(model, path)


main()
