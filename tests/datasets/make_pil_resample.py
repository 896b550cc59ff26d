#!/usr/bin/env python3
"""Writes pil_resample.json: what PIL's antialiased bilinear and bicubic filters make of pictures given by a formula.

Run with Debian's python3-pil; the tests compare datasets/images/resample.cpp with the result.
"""
import hashlib
import json
import pathlib

import PIL
from PIL import Image

SMALL = [(17, 13, 7, 5), (5, 7, 11, 16), (40, 30, 40, 9), (30, 40, 9, 40), (1, 9, 3, 2), (12, 12, 12, 12)]
LARGE = [(375, 500, 256, 341), (1200, 801, 383, 256), (64, 200, 256, 800), (300, 257, 298, 256)]


def picture(height, width):
    values = bytes(
        (37 * x + 101 * y + 59 * c + (x * y) % 211 + 13 * ((x >> 2) ^ (y >> 1))) % 256
        for y in range(height)
        for x in range(width)
        for c in range(3)
    )
    return Image.frombytes("RGB", (width, height), values)


def resized(height, width, new_height, new_width, filter=Image.BILINEAR):
    return picture(height, width).resize((new_width, new_height), filter).tobytes()


def main():
    golden = {
        "made_by": f"tests/datasets/make_pil_resample.py with PIL {PIL.__version__}",
        "small": [{"size": s, "pixels": resized(*s).hex()} for s in SMALL],
        "large": [{"size": s, "sha256": hashlib.sha256(resized(*s)).hexdigest()} for s in LARGE],
        "bicubic": [
            {"size": s, "sha256": hashlib.sha256(resized(*s, Image.BICUBIC)).hexdigest()} for s in SMALL + LARGE
        ],
    }
    path = pathlib.Path(__file__).with_name("pil_resample.json")
    path.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
