"""classify.py NETWORK IMAGES: the class of each image of a file of floats (height x width x channels each, normalised).

libnibble.so.1 is looked for where the system looks for libraries; LD_LIBRARY_PATH may name a folder."""
import ctypes
import sys

import numpy

nibble = ctypes.CDLL("libnibble.so.1")
nibble.nibble_last_error.restype = ctypes.c_char_p
nibble.nibble_runs_as.restype = ctypes.c_char_p
nibble.nibble_runs_as.argtypes = [ctypes.c_void_p]
floats = numpy.ctypeslib.ndpointer(numpy.float32, flags="C_CONTIGUOUS")
nibble.nibble_run.argtypes = [ctypes.c_void_p, floats, ctypes.c_uint64, floats, ctypes.c_uint64]


def check(status):
    if status != 0:
        sys.exit("classify.py: " + nibble.nibble_last_error().decode())


network, shape, classes = ctypes.c_void_p(), (ctypes.c_int32 * 3)(), ctypes.c_int32()
check(nibble.nibble_load(sys.argv[1].encode(), ctypes.byref(network)))
check(nibble.nibble_input_shape(network, shape))
check(nibble.nibble_classes(network, ctypes.byref(classes)))
print(*shape, "to", classes.value, "classes as", nibble.nibble_runs_as(network).decode(), file=sys.stderr)

images = numpy.fromfile(sys.argv[2], numpy.float32).reshape(-1, *shape)
logits = numpy.empty((len(images), classes.value), numpy.float32)
check(nibble.nibble_run(network, images, images.size, logits, logits.size))
nibble.nibble_free(network)
print(*logits.argmax(axis=1), sep="\n")
