/* classify NETWORK IMAGES: the class of each image of a file of floats (height x width x channels each, normalised). */
#include <nibble/nibble.h>
#include <stdio.h>
#include <stdlib.h>

static int fail(const char* text) {
    fprintf(stderr, "classify: %s\n", text);
    return 1;
}

int main(int argc, char** argv) {
    nibble_network* network;
    nibble_shape shape;
    int32_t classes;
    if (argc != 3) return fail("usage: classify NETWORK IMAGES");
    if (nibble_load(argv[1], &network) != NIBBLE_OK) return fail(nibble_last_error());
    nibble_input_shape(network, &shape);
    nibble_classes(network, &classes);
    fprintf(stderr, "%d x %d x %d to %d classes as %s\n", shape.height, shape.width, shape.channels, classes,
            nibble_runs_as(network));

    size_t size = (size_t)shape.height * shape.width * shape.channels;
    float* image = malloc(size * sizeof(float));
    float* logits = malloc(classes * sizeof(float));
    FILE* file = fopen(argv[2], "rb");
    if (!file || !image || !logits) return fail("cannot read the images");
    while (fread(image, sizeof(float), size, file) == size) {
        if (nibble_run(network, image, size, logits, classes) != NIBBLE_OK) return fail(nibble_last_error());
        int best = 0;
        for (int c = 1; c < classes; ++c)
            if (logits[c] > logits[best]) best = c;
        printf("%d\n", best);
    }
    fclose(file);
    free(image);
    free(logits);
    nibble_free(network);
    return 0;
}
