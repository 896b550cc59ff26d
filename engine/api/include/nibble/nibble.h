/* Run networks that Nibble quantized, from C and from every language that calls C.
 *
 *     nibble_network* network;
 *     if (nibble_load("q4.safetensors", &network)) return fail(nibble_last_error());
 *     nibble_run(network, images, n * height * width * channels, logits, n * classes);
 *     nibble_free(network);
 *
 * Functions that return int32_t return NIBBLE_OK or what went wrong; nibble_last_error() then says it in words. A null
 * pointer or a wrong size is NIBBLE_BAD_INPUT. Several threads may use one network: a run waits for the one before it and
 * uses all cores itself. Logits have the same bits for any number of threads and images. */
#ifndef NIBBLE_NIBBLE_H
#define NIBBLE_NIBBLE_H

#include <stdint.h>

#define NIBBLE_API __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

/* What this header describes. Functions are added, never changed, while it stays the same. */
#define NIBBLE_ABI_VERSION 1

enum {
    NIBBLE_OK = 0,
    NIBBLE_BAD_INPUT = 1,   /* an argument or a file is wrong */
    NIBBLE_IO_ERROR = 2,    /* a file cannot be read */
    NIBBLE_UNSUPPORTED = 3, /* this machine or this version cannot do it */
    NIBBLE_FAILED = 4       /* anything else: out of memory */
};

typedef struct nibble_network nibble_network;

typedef struct nibble_shape {
    int32_t height, width, channels;
} nibble_shape;

/* NIBBLE_ABI_VERSION of the library that is loaded. */
NIBBLE_API int32_t nibble_abi_version(void);

/* One line about the last failure in this thread, until its next failure; "" before the first. */
NIBBLE_API const char* nibble_last_error(void);

/* How many threads a run uses; at first as many as NIBBLE_THREADS says, else one a core. Call it before networks are
 * loaded. */
NIBBLE_API int32_t nibble_set_threads(int32_t threads);

/* Reads a file of `nibble quantize` or an ONNX file (NAME.onnx), float or quantized. *network is null after a failure. */
NIBBLE_API int32_t nibble_load(const char* path, nibble_network** network);

/* Null is allowed. No other call may use the network any more. */
NIBBLE_API void nibble_free(nibble_network* network);

NIBBLE_API int32_t nibble_input_shape(const nibble_network* network, nibble_shape* shape);
NIBBLE_API int32_t nibble_classes(const nibble_network* network, int32_t* classes);

/* Arithmetic and instruction set: "integers-avx512vnni", "f32-avx2". Null is returned for null. The text lives as long as
 * the network. */
NIBBLE_API const char* nibble_runs_as(const nibble_network* network);

/* What the file says under a key: "normalize_mean" is "0.485,0.456,0.406", one number a channel, for pixels from 0 to 1.
 * Null if there is no such key. The text lives as long as the network. */
NIBBLE_API const char* nibble_metadata(const nibble_network* network, const char* key);

/* images: n x height x width x channels, normalised: (pixel - mean) / std. logits: n x classes. Lengths count floats; n
 * follows from them and may be 0. */
NIBBLE_API int32_t nibble_run(const nibble_network* network, const float* images, uint64_t images_length,
                              float* logits, uint64_t logits_length);

#ifdef __cplusplus
}
#endif

#endif
