// Sliding windows without parameters.
#include "engine/core/error.hpp"
#include "engine/onnx/attributes.hpp"
#include "engine/onnx/windows.hpp"

namespace nibble::onnx {

void require_image(const Activation& x) {
    if (x.view != View::image || x.shape.size() != 4)
        throw BadInput(
            "operand 0: is no image of channels, rows, columns; its axes were merged, split or exchanged");
}

void require_channels_first(const Activation& x) {
    if (x.view != View::image) throw BadInput("operand 0: its axis 1 is not the channels");
}

namespace {

/// The padding that gives ceil(size / stride) positions; what is odd goes behind the image, or before it.
void pad_to_same(WindowAxis& axis, int size, bool upper) {
    const int positions = (size + axis.stride - 1) / axis.stride;
    const int padding = std::max(0, (positions - 1) * axis.stride + axis.span() - size);
    axis.before = upper ? padding / 2 : padding - padding / 2;
    axis.after = padding - axis.before;
}

int entry(const Sizes& list, std::size_t i, int fallback, const char* what, std::int64_t low) {
    if (list.empty()) return fallback;
    if (i >= list.size()) throw BadInput(what, "numbers", std::to_string(i + 1), std::to_string(list.size()));
    return small(list[i], what, low);
}

Window pooling_window(const Importer& in, const Activation& x) {
    const Sizes kernel = list_of(in.operation(), "kernel_shape", {}, 0);
    return window_of(in, in.dims(x), entry(kernel, 0, 0, "kernel_shape", 1),
                     entry(kernel, 1, 0, "kernel_shape", 1));
}

void read_max_pool(Importer& in) {
    const Activation& x = in.activation(0);
    require_image(x);
    if (in.operation().outputs.size() > 1)
        throw BadInput("outputs", "number", "1", std::to_string(in.operation().outputs.size()));
    in.result(in.image(
        in.append({.op = Op::max_pool, .name = {}, .inputs = {}, .window = pooling_window(in, x)}, {&x})));
}

void read_average_pool(Importer& in) {
    const Activation& x = in.activation(0);
    require_image(x);
    const bool count = attribute(in.operation(), "count_include_pad", std::int64_t{0}) != 0;
    Window window = pooling_window(in, x);
    // Where there is no padding both ways of counting are one.
    const int node = in.append({.op = Op::avg_pool,
                                .name = {},
                                .inputs = {},
                                .window = window,
                                .count_padding = count || window.largest_pad() == 0},
                               {&x});
    in.result(in.image(node));
}

void read_global_average(Importer& in) {
    const Activation& x = in.activation(0);
    require_image(x);
    in.result(in.image(in.append({.op = Op::global_pool, .name = {}, .inputs = {}}, {&x})));
}

void read_global_max(Importer& in) {
    const Activation& x = in.activation(0);
    require_image(x);
    const Window whole(in.dims(x).h, in.dims(x).w);
    in.result(in.image(in.append({.op = Op::max_pool, .name = {}, .inputs = {}, .window = whole}, {&x})));
}

/// The mean over all pixels, however the tensor orders them.
void read_reduce_mean(Importer& in) {
    const Activation& x = in.activation(0);
    const Operation& op = in.operation();
    const std::size_t rank = x.shape.size();
    std::vector<bool> reduced(rank);
    for (const std::int64_t axis : list_of(op, "axes", in.constants(), 1))
        reduced[axis_of(axis, rank)] = true;
    const std::size_t channels = x.view == View::pixels_last ? rank - 1 : 1;
    bool all_pixels = (x.view == View::image || x.view == View::pixels_last) && rank > 2;
    for (std::size_t d = 0; d < rank; ++d) all_pixels = all_pixels && reduced[d] == (d > 0 && d != channels);
    if (!all_pixels) throw BadInput("axes", "axes", "those of rows and columns, all others kept", "others");
    const int node = in.append({.op = Op::global_pool, .name = {}, .inputs = {}}, {&x});
    const bool keep = attribute(op, "keepdims", std::int64_t{1}) != 0;
    Activation y = in.image(node, !keep);
    if (keep) {
        y.shape = x.shape;
        for (std::size_t d = 0; d < rank; ++d)
            if (reduced[d]) y.shape[d] = 1;
        y.view = x.view;
    }
    in.result(y);
}

}  // namespace

Window window_of(const Importer& in, Dims dims, int kernel_h, int kernel_w) {
    const Operation& op = in.operation();
    const Sizes strides = list_of(op, "strides", {}, 0), dilations = list_of(op, "dilations", {}, 0);
    const Sizes pads = list_of(op, "pads", {}, 0);
    const auto axis = [&](std::size_t i, int kernel) {
        return WindowAxis{.kernel = kernel,
                          .stride = entry(strides, i, 1, "strides", 1),
                          .before = entry(pads, i, 0, "pads", 0),
                          .after = entry(pads, i + 2, 0, "pads", 0),
                          .dilation = entry(dilations, i, 1, "dilations", 1)};
    };
    Window window(axis(0, kernel_h), axis(1, kernel_w));
    const std::string automatic = attribute(op, "auto_pad", std::string("NOTSET"));
    if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
        window.check({1 << 23, 1 << 23, 1}, op.type);
        pad_to_same(window.rows, dims.h, automatic == "SAME_UPPER");
        pad_to_same(window.cols, dims.w, automatic == "SAME_UPPER");
    } else if (automatic == "VALID") {
        window.rows.before = window.rows.after = window.cols.before = window.cols.after = 0;
    } else if (automatic != "NOTSET" && !automatic.empty()) {
        throw BadInput("attribute auto_pad", "value", "NOTSET, VALID, SAME_UPPER or SAME_LOWER", automatic);
    }
    window.check(dims, op.type);
    return attribute(op, "ceil_mode", std::int64_t{0}) != 0 ? window.ceiled(dims) : window;
}

const std::map<std::string, Reader>& pooling_readers() {
    static const std::map<std::string, Reader> readers{{"MaxPool", read_max_pool},
                                                       {"AveragePool", read_average_pool},
                                                       {"GlobalAveragePool", read_global_average},
                                                       {"GlobalMaxPool", read_global_max},
                                                       {"ReduceMean", read_reduce_mean}};
    return readers;
}

}  // namespace nibble::onnx
