#!/usr/bin/env python3
"""Times OpenCV's DNN module on the files of make_onnx.py; prints one JSON document. OPENCV_CPU_DISABLE caps its
instructions.

int8 is Net.quantize of the f32 network (s8 activations and weights, per channel); both take and return f32.
"""
import os
import pathlib

import cv2
import numpy

from measuring import arguments, image_shape, print_document, time_networks

FILES = pathlib.Path(__file__).resolve().parents[3] / "build" / "peers" / "onnx"


def prepare(name, precision, batch):
    images = numpy.random.default_rng(1).standard_normal(image_shape(name, batch), numpy.float32)
    network = cv2.dnn.readNetFromONNX(str(FILES / f"{name}-b{batch}-f32.onnx"))
    if precision == "int8":
        network = network.quantize([images], cv2.CV_32F, cv2.CV_32F)

    def run():
        network.setInput(images)
        return network.forward()

    return run


def main():
    options = arguments(__doc__).parse_args()
    cv2.setNumThreads(options.threads)
    print_document("OpenCV", cv2.__version__, options, os.environ.get("OPENCV_CPU_DISABLE"),
                   time_networks(options, prepare))


main()
