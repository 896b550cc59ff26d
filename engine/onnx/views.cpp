// Operations on the axes of a tensor: most change nothing but how a value is seen.
#include <algorithm>

#include "engine/core/error.hpp"
#include "engine/onnx/attributes.hpp"
#include "engine/onnx/windows.hpp"

namespace nibble::onnx {

namespace {

std::string text_of(const Sizes& shape) {
    std::string text = "[";
    for (const std::int64_t d : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(d);
    return text + "]";
}

std::int64_t size_from(const Sizes& shape, std::size_t axis) {
    return elements({shape.begin() + static_cast<std::ptrdiff_t>(std::min(axis, shape.size())), shape.end()});
}

/// [n, c, h, w], [n, c, h w], [n, c] of a single pixel.
bool is_image(const Sizes& shape, std::int64_t batch, const Dims& dims) {
    if (shape.size() < 2 || shape[0] != batch || shape[1] != dims.c) return false;
    if (shape.size() == 4) return shape[2] == dims.h && shape[3] == dims.w;
    return shape.size() < 4 && size_from(shape, 2) == std::int64_t{dims.h} * dims.w;
}

/// [n, first, second, pixels...]
bool is_grouped(const Sizes& shape, std::int64_t batch, const Dims& dims) {
    return shape.size() >= 3 && shape[0] == batch && shape[1] * shape[2] == dims.c &&
           size_from(shape, 3) == std::int64_t{dims.h} * dims.w;
}

/// `x` seen with the shape `target`, which has as many elements.
Activation reshaped_view(Importer& in, Activation x, const Sizes& target) {
    const Dims dims = in.dims(x);
    const bool single = dims.h == 1 && dims.w == 1, was_grouped = x.view == View::grouped;
    const auto seen_as = [&](View view) {
        x.view = view;
        x.shape = target;
        return x;
    };
    if (target == x.shape) return x;
    if (x.view == View::shuffled) {
        if (!is_image(target, in.batch(), dims))
            throw BadInput("target", "shape", "that of the image, to complete a channel shuffle",
                           text_of(target));
        const int groups = small(x.shape[2], "groups", 1);
        return in.image(in.append({.op = Op::shuffle, .name = {}, .inputs = {}, .groups = groups}, {&x}));
    }
    if (x.view != View::pixels_last || single) {
        if (is_image(target, in.batch(), dims)) return seen_as(View::image);
        if (target.size() == 2 && target[0] == in.batch()) return seen_as(View::flat);
        if (is_grouped(target, in.batch(), dims) && !was_grouped) return seen_as(View::grouped);
    }
    throw BadInput("target", "shape",
                   "one that flattens the image, keeps it, or splits its channels into groups",
                   text_of(target));
}

void read_reshape(Importer& in) {
    const Activation& x = in.activation(0);
    const bool zero_copies = attribute(in.operation(), "allowzero", std::int64_t{0}) == 0;
    in.result(reshaped_view(in, x, reshaped(x.shape, in.constant(1).tensor.ints(), zero_copies)));
}

void read_flatten(Importer& in) {
    const Activation& x = in.activation(0);
    in.result(reshaped_view(in, x, flattened(x.shape, attribute(in.operation(), "axis", std::int64_t{1}))));
}

void read_squeeze(Importer& in) {
    const Activation& x = in.activation(0);
    in.result(reshaped_view(in, x, squeezed(x.shape, list_of(in.operation(), "axes", in.constants(), 1))));
}

void read_unsqueeze(Importer& in) {
    const Activation& x = in.activation(0);
    in.result(reshaped_view(in, x, unsqueezed(x.shape, list_of(in.operation(), "axes", in.constants(), 1))));
}

void read_transpose(Importer& in) {
    Activation x = in.activation(0);
    const Sizes perm = list_of(in.operation(), "perm", {}, 0);
    if (perm.size() != x.shape.size())
        throw BadInput("perm", "axes", std::to_string(x.shape.size()), text_of(perm));
    Sizes shape;
    for (const std::int64_t axis : perm) shape.push_back(x.shape[axis_of(axis, perm.size())]);
    Sizes same(perm.size());
    for (std::size_t d = 0; d < same.size(); ++d) same[d] = static_cast<std::int64_t>(d);
    Sizes exchanged = same;
    if (exchanged.size() > 2) std::swap(exchanged[1], exchanged[2]);
    if (x.view == View::image && perm == Sizes{0, 2, 3, 1})
        x.view = View::pixels_last;
    else if (x.view == View::pixels_last && perm == Sizes{0, 3, 1, 2})
        x.view = View::image;
    else if (x.view == View::grouped && perm == exchanged)
        x.view = View::shuffled;
    else if (x.view == View::shuffled && perm == exchanged)
        x.view = View::grouped;
    else if (perm != same)
        throw BadInput("perm", "order", "one that shuffles groups of channels or moves the channels' axis",
                       text_of(perm));
    x.shape = shape;
    in.result(x);
}

/// Which axis of the view holds the channels, each as one slice of elements; BadInput for other axes and views.
void require_channel_axis(const Importer& in, const Activation& x, std::int64_t axis) {
    const std::size_t at = axis_of(axis, x.shape.size());
    const Dims dims = in.dims(x);
    const bool whole = x.view == View::image || (x.view == View::flat && dims.h * dims.w == 1);
    if (!(whole && at == 1) && !(x.view == View::pixels_last && at == 3))
        throw BadInput("axis", "axis", "that of the channels", std::to_string(axis));
}

void read_concat(Importer& in) {
    std::vector<const Activation*> operands;
    for (std::size_t i = 0; i < in.inputs(); ++i) {
        operands.push_back(&in.activation(i));
        require_channel_axis(in, *operands.back(), attribute(in.operation(), "axis", std::int64_t{1}));
        if (operands.back()->view != operands.front()->view)
            throw BadInput("operands: their axes are in two orders");
    }
    if (operands.empty()) throw BadInput("operands", "number", "at least 1", "0");
    Activation y = *operands.front();
    y.node = in.append({.op = Op::concat, .name = {}, .inputs = {}}, operands);
    y.shape[y.view == View::pixels_last ? 3 : 1] = in.dims(y).c;
    y.codes = in.codes_of(y.node);
    in.result(y);
}

Activation channels_of(Importer& in, const Activation& x, std::int64_t first, std::int64_t count) {
    Activation y = x;
    y.node = in.append({.op = Op::slice,
                        .name = {},
                        .inputs = {},
                        .channels = small(count, "channels", 1),
                        .first = small(first, "first channel")},
                       {&x});
    y.codes = in.codes_of(y.node);
    y.shape[y.view == View::pixels_last ? 3 : 1] = count;
    return y;
}

void read_split(Importer& in) {
    const Activation x = in.activation(0);
    require_channel_axis(in, x, attribute(in.operation(), "axis", std::int64_t{0}));
    Sizes parts = list_of(in.operation(), "split", in.constants(), 1);
    const auto outputs = static_cast<std::int64_t>(in.operation().outputs.size());
    const std::int64_t channels = in.dims(x).c;
    if (parts.empty()) {
        const std::int64_t each = (channels + outputs - 1) / outputs;
        for (std::int64_t i = 0; i < outputs; ++i) parts.push_back(std::min(each, channels - i * each));
    }
    if (std::ssize(parts) != outputs)
        throw BadInput("split", "sizes", std::to_string(outputs), std::to_string(parts.size()));
    std::int64_t first = 0;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        in.result(channels_of(in, x, first, parts[i]), i);
        first += parts[i];
    }
}

void read_slice(Importer& in) {
    Activation x = in.activation(0);
    const Operation& op = in.operation();
    const auto constants = in.constants();
    const Sizes starts = list_of(op, "starts", constants, 1), ends = list_of(op, "ends", constants, 2);
    Sizes axes = list_of(op, "axes", constants, 3), steps = list_of(op, "steps", constants, 4);
    if (axes.empty())
        for (std::size_t d = 0; d < starts.size(); ++d) axes.push_back(static_cast<std::int64_t>(d));
    if (steps.empty()) steps.assign(starts.size(), 1);
    if (ends.size() != starts.size() || axes.size() != starts.size() || steps.size() != starts.size())
        throw BadInput("starts, ends, axes, steps: lists of two lengths");
    int stride_h = 1, stride_w = 1;
    for (std::size_t i = 0; i < starts.size(); ++i) {
        const std::size_t axis = axis_of(axes[i], x.shape.size());
        const Positions range = range_of(starts[i], ends[i], steps[i], x.shape[axis]);
        const bool whole = range.begin == 0 && range.end == x.shape[axis];
        if (whole && range.step == 1) continue;
        if (whole && range.step > 1 && x.view == View::image && x.shape.size() == 4 && axis >= 2) {
            (axis == 2 ? stride_h : stride_w) = small(range.step, "step", 1);
            continue;
        }
        require_channel_axis(in, x, static_cast<std::int64_t>(axis));
        if (range.step != 1)
            throw BadInput("steps", "step along the channels", "1", std::to_string(range.step));
        x = channels_of(in, x, range.begin, range.count());
    }
    if (stride_h != 1 || stride_w != 1) {
        // Every so many rows and columns: a pooling whose window is one pixel.
        const Window every({.kernel = 1, .stride = stride_h}, {.kernel = 1, .stride = stride_w});
        x = in.image(in.append({.op = Op::max_pool, .name = {}, .inputs = {}, .window = every}, {&x}));
    }
    in.result(x);
}

/// Zeros around the image, or as many channels of zeros before as behind the image's own.
void read_pad(Importer& in) {
    const Activation& x = in.activation(0);
    const Operation& op = in.operation();
    require_image(x);
    if (const std::string mode = attribute(op, "mode", std::string("constant")); mode != "constant")
        throw BadInput("attribute mode", "value", "constant", mode);
    const float value = in.has(2) ? in.constant(2).tensor.floats().at(0) : attribute(op, "value", 0.0f);
    Sizes pads = list_of(op, "pads", in.constants(), 1);
    if (const Sizes axes = list_of(op, "axes", in.constants(), 3); !axes.empty()) {
        Sizes all(8, 0);
        if (pads.size() != 2 * axes.size()) throw BadInput("pads: not two for each of the axes");
        for (std::size_t i = 0; i < axes.size(); ++i) {
            all[axis_of(axes[i], 4)] = pads[i];
            all[axis_of(axes[i], 4) + 4] = pads[i + axes.size()];
        }
        pads = all;
    }
    if (pads.size() != 8) throw BadInput("pads", "numbers", "8", std::to_string(pads.size()));
    if (std::ranges::all_of(pads, [](std::int64_t p) { return p == 0; })) return in.result(x);
    if (value != 0) throw BadInput("value", "number", "0", std::to_string(value));
    if (pads[0] != 0 || pads[4] != 0) throw BadInput("pads: must leave the images' axis alone");
    Activation y = x;
    const int before = small(pads[1], "padding"), behind = small(pads[5], "padding");
    if (before != 0 || behind != 0) {
        if (behind != before && behind != before + 1)
            throw BadInput("pads", "channels before and behind", "halves of their sum",
                           text_of({before, behind}));
        y = in.image(in.append(
            {.op = Op::shortcut_a, .name = {}, .inputs = {}, .channels = in.dims(y).c + before + behind},
            {&y}));
    }
    const Window around({1, 1, small(pads[2], "padding"), small(pads[6], "padding")},
                        {1, 1, small(pads[3], "padding"), small(pads[7], "padding")});
    if (around.largest_pad() > 0)
        y = in.image(in.append({.op = Op::pad, .name = {}, .inputs = {}, .window = around}, {&y}));
    in.result(y);
}

}  // namespace

const std::map<std::string, Reader>& shape_readers() {
    static const std::map<std::string, Reader> readers{
        {"Reshape", read_reshape},     {"Flatten", read_flatten},     {"Squeeze", read_squeeze},
        {"Unsqueeze", read_unsqueeze}, {"Transpose", read_transpose}, {"Concat", read_concat},
        {"Split", read_split},         {"Slice", read_slice},         {"Pad", read_pad}};
    return readers;
}

}  // namespace nibble::onnx
