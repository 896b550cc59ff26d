#include "engine/nn/conv.hpp"

#include <algorithm>
#include <cmath>

#include "engine/core/bf16.hpp"
#include "engine/core/parallel.hpp"

namespace nibble {
namespace {

int round_up(int n, int to) {
    return (n + to - 1) / to * to;
}

/// In bf16, weights of more bytes are dearer to read once more than a few rows of zeros are to multiply.
constexpr std::size_t kManyWeights = 1 << 20;

/// Floats hold every integer below it.
constexpr double kExactInFloat = 1 << 24;

/// A bound for every partial sum of products of codes; of their halves, where codes are half-integers.
double largest_sum(const WeightCodes& weights, const InputCodes& input) {
    const std::size_t outputs = weights.units.size(), per_output = weights.codes.size() / outputs;
    double largest = 0;
    bool whole = true;
    for (std::size_t o = 0; o < outputs; ++o) {
        double sum = 0;
        for (std::size_t i = 0; i < per_output; ++i) {
            const float code = weights.codes[o * per_output + i];
            sum += std::abs(code);
            whole = whole && code == std::trunc(code);
        }
        largest = std::max(largest, sum);
    }
    return largest * std::max(std::abs(input.lowest), std::abs(input.highest)) * (whole ? 1 : 2);
}

}  // namespace

ConvUnit::ConvUnit(const Context& context, Edge input, Dims dims, const Options& options)
    : ActivationSource(context, dims, context.storage()),
      input_(input),
      in_(input.from->dims()),
      options_(options) {
    if (context.quantizer) quantizer_ = context.quantizer->layer(options.name);
    const Window& w = options.window;
    x_border_ = {w.rows.before, w.cols.before, w.rows.extent(dims.h, in_.h), w.cols.extent(dims.w, in_.w)};
    weights_ = {context.kernels, context.numerics == Numerics::bf16, w.rows.kernel, w.cols.kernel * in_.c,
                dims.c};
    rows_ = stretches(w.rows, dims.h, in_.h);
    areas_ = areas(rows_, stretches(w.cols, dims.w, in_.w), in_.c);
    output_.reserve(dims.size() * (options.logits ? sizeof(float) : bytes_of(storage_)) * context.slots);
    if (!context.training) return;
    plan_phases();
    const int chunks = (context.slots + kChunk - 1) / kChunk;
    chunk_gradients_.resize(chunk_gradient_size() * static_cast<std::size_t>(chunks));
}

std::size_t ConvUnit::chunk_gradient_size() const {
    const auto weights = static_cast<std::size_t>(options_.window.taps()) * in_.c;
    return (weights + 1) * static_cast<std::size_t>(round_up(dims_.c, kernels::kPanel));
}

void ConvUnit::plan_phases() {
    if (!input_.from->wants_gradient()) {
        dy_border_ = {0, 0, dims_.h, dims_.w};
        return;
    }
    dy_border_ = {0, 0, dims_.h, dims_.w};
    int below = dims_.h, right = dims_.w;
    for (GradientPhase& rows : gradient_phases(options_.window.rows, in_.h))
        for (const GradientPhase& cols : gradient_phases(options_.window.cols, in_.w)) {
            const int runs = rows.window.kernel, columns = cols.window.kernel;
            Phase& phase = phases_.emplace_back(Phase{rows, cols, {}, {}, {}});
            phase.weights = {context_.kernels, context_.numerics == Numerics::bf16, runs, columns * dims_.c,
                             in_.c};
            phase.row_stretches = stretches(rows.window, rows.positions, dims_.h);
            phase.areas =
                areas(phase.row_stretches, stretches(cols.window, cols.positions, dims_.w), dims_.c);
            dy_border_.top = std::max(dy_border_.top, rows.window.before);
            dy_border_.left = std::max(dy_border_.left, cols.window.before);
            below = std::max(below, rows.window.source(rows.positions - 1, runs));
            right = std::max(right, cols.window.source(cols.positions - 1, columns));
        }
    dy_border_.rows = dy_border_.top + below;
    dy_border_.cols = dy_border_.left + right;
}

void ConvUnit::pack() {
    const Window& w = options_.window;
    const Array<float>& stored = context_.weights.at(options_.name + ".weight");
    const float* weight = stored.data();
    if (quantizer_) {
        input_codes_ = quantizer_->input();
        quantizer_->encode(stored, codes_);
        float_sums_are_exact_ = !input_codes_ || largest_sum(codes_, *input_codes_) < kExactInFloat;
        weight = codes_.codes.data();
    }
    const auto at = [&](int o, int i, int kh, int kw) {
        return weight[((static_cast<std::size_t>(o) * in_.c + i) * w.rows.kernel + kh) * w.cols.kernel + kw];
    };
    std::vector<float> matrix;
    for (int kh = 0; kh < w.rows.kernel; ++kh)
        for (int kw = 0; kw < w.cols.kernel; ++kw)
            for (int i = 0; i < in_.c; ++i)
                for (int o = 0; o < dims_.c; ++o) matrix.push_back(at(o, i, kh, kw));
    weights_.pack(matrix);
    if (quantizer_) weight = codes_.values.data();
    for (Phase& phase : phases_) {
        matrix.clear();
        for (int kh : phase.rows.taps)
            for (int kw : phase.cols.taps)
                for (int o = 0; o < dims_.c; ++o)
                    for (int i = 0; i < in_.c; ++i) matrix.push_back(at(o, i, kh, kw));
        phase.weights.pack(matrix);
    }
}

bool ConvUnit::stores_sums() const {
    return quantizer_ && is_normalized() && !options_.bias;
}

const float* ConvUnit::input_values(int slot, Scratch& scratch) const {
    kernels::Normalize view = input_.from->view(slot);
    if (!view.scale && !view.residual && !view.clamp.bounds()) return static_cast<const float*>(view.src);
    auto* values = scratch.values.reserve_as<float>(in_.size());
    view.pixels = in_.h * in_.w;
    view.dst = values;
    context_.kernels.normalize(view);
    return values;
}

const void* ConvUnit::operand(int slot, const float* values, Scratch& scratch) const {
    if (!input_codes_)
        return input_operand(context_, input_.from->view(slot), in_, x_border_, scratch.operand);
    return code_operand(context_, *input_codes_, values, in_, x_border_, scratch.operand);
}

void ConvUnit::product(kernels::Product q, const std::vector<kernels::Area>& areas) const {
    if (context_.numerics == Numerics::bf16) return context_.kernels.product_bf16(q);
    q.areas = areas.data();
    q.area_count = static_cast<int>(areas.size());
    context_.kernels.product_f32(q);
}

void ConvUnit::split_product(const kernels::Product& whole) const {
    // So many products of 8-bit codes, half-integers among them, are exact as floats; a multiple of kBlock.
    constexpr int kStretch = 256;
    const std::size_t values =
        static_cast<std::size_t>(whole.pixels.rows) * whole.pixels.cols * whole.channels;
    std::vector<float> part(values);
    std::vector<double> sums(values, 0.0);
    const int element = context_.operand_bytes();
    kernels::Product q = whole;
    q.runs = 1;
    q.out = part.data();
    q.out_col_stride = whole.channels;
    q.out_row_stride = static_cast<std::ptrdiff_t>(whole.pixels.cols) * whole.channels;
    for (int run = 0; run < whole.runs; ++run)
        for (int k = 0; k < whole.run_length; k += kStretch) {
            q.run_length = std::min(kStretch, whole.run_length - k);
            q.operand = static_cast<const std::byte*>(whole.operand) + (run * whole.run_stride + k) * element;
            q.weights = weights_.at(whole.weights, run, k);
            context_.numerics == Numerics::f32 ? context_.kernels.product_f32(q)
                                               : context_.kernels.product_bf16(q);
            for (std::size_t i = 0; i < values; ++i) sums[i] += static_cast<double>(part[i]);
        }
    const double* sum = sums.data();
    for (int r = 0; r < whole.pixels.rows; ++r)
        for (int c = 0; c < whole.pixels.cols; ++c)
            for (int n = 0; n < whole.channels; ++n)
                whole.out[r * whole.out_row_stride + c * whole.out_col_stride + n] =
                    static_cast<float>(*sum++);
}

void ConvUnit::add_bias(float* out) const {
    const float* bias = options_.bias ? context_.weights.at(options_.name + ".bias").data() : nullptr;
    const std::size_t pixels = static_cast<std::size_t>(dims_.h) * dims_.w;
    for (std::size_t p = 0; p < pixels; ++p, out += dims_.c)
        for (int c = 0; c < dims_.c; ++c) {
            if (quantizer_)
                out[c] = std::fma(out[c], static_cast<float>(codes_.units[c]), bias ? bias[c] : 0.0f);
            else
                out[c] += bias[c];
        }
}

void ConvUnit::forward(int slot, Scratch& scratch) {
    const Window& w = options_.window;
    const bool observed = context_.training && quantizer_ && quantizer_->observes();
    const float* values = observed || input_codes_ ? input_values(slot, scratch) : nullptr;
    if (observed) quantizer_->observe(slot, {values, in_.size()});
    const auto* x = static_cast<const std::byte*>(operand(slot, values, scratch));
    const bool in_place = options_.logits || storage_ == kernels::Storage::f32;
    const std::size_t image = dims_.size() * (in_place ? sizeof(float) : bytes_of(storage_));
    std::byte* stored = output_.data() + slot * image;
    float* out = in_place ? reinterpret_cast<float*>(stored) : scratch.image.reserve_as<float>(dims_.size());

    const std::ptrdiff_t row = x_border_.row_stride(in_.c);
    const auto segment = [&](int first, int rows, int run, int runs) {
        kernels::Product q{};
        q.operand = x + (w.rows.source(first, run) + x_border_.top) * row * context_.operand_bytes();
        q.pixels = {rows, dims_.w, row * w.rows.stride, static_cast<std::ptrdiff_t>(in_.c) * w.cols.stride};
        q.runs = runs;
        q.run_stride = row;
        q.run_length = weights_.run_length();
        q.weights = weights_.from_run(run);
        q.panel_stride = weights_.panel_stride();
        q.channels = dims_.c;
        q.out_col_stride = dims_.c;
        q.out_row_stride = static_cast<std::ptrdiff_t>(dims_.w) * dims_.c;
        q.out = out + first * q.out_row_stride;
        return q;
    };
    const std::size_t weights = static_cast<std::size_t>(w.rows.kernel) * weights_.run_length() * dims_.c;
    if (!float_sums_are_exact_)
        split_product(segment(0, dims_.h, 0, w.rows.kernel));
    else if (context_.numerics == Numerics::f32 || weights * context_.operand_bytes() > kManyWeights)
        product(segment(0, dims_.h, 0, w.rows.kernel), areas_);
    else
        for (const Stretch& rows : rows_) product(segment(rows.first, rows.count, rows.tap, rows.taps), {});
    if (options_.bias || (quantizer_ && !stores_sums())) add_bias(out);
    if (!in_place) context_.kernels.store(storage_, out, stored, dims_.size());
    take_statistics(slot);
}

kernels::Normalize ConvUnit::view(int slot) const {
    kernels::Normalize view{};
    view.storage = storage_;
    view.src = output_.data() + slot * image_bytes();
    view.channels = dims_.c;
    return view;
}

const float* ConvUnit::floats(int slot) const {
    return reinterpret_cast<const float*>(output_.data()) + slot * dims_.size();
}

void ConvUnit::backward(int slot, Scratch& scratch) {
    const void* dy = gradient_operand(context_, output_gradient(slot), dims_, dy_border_, scratch.dy);
    const float* values = input_codes_ ? input_values(slot, scratch) : nullptr;
    const void* x = operand(slot, values, scratch);
    const std::size_t size = chunk_gradient_size();
    float* gradient = chunk_gradients_.data() + slot / kChunk * size;
    if (slot % kChunk == 0) std::fill_n(gradient, size, 0.0f);
    weight_gradient(x, dy, gradient);
    if (options_.bias) add_bias_gradient(slot, gradient + size - round_up(dims_.c, kernels::kPanel));
    if (!input_.from->wants_gradient()) return;
    float* dx = scratch.image.reserve_as<float>(in_.size());
    input_gradient(dy, dx);
    if (input_codes_)
        context_.kernels.pass_gradient({.src = values,
                                        .multiplier = input_codes_->multipliers.data(),
                                        .lowest = input_codes_->lowest,
                                        .highest = input_codes_->highest,
                                        .floored = input_codes_->floored,
                                        .at_bounds = input_codes_->at_bounds,
                                        .pixels = in_.h * in_.w,
                                        .channels = in_.c,
                                        .gradient = dx});
    input_.from->receive(input_, slot, dx, scratch);
}

void ConvUnit::input_gradient(const void* dy, float* dx) const {
    const Window& w = options_.window;
    const std::ptrdiff_t row = dy_border_.row_stride(dims_.c);
    for (const Phase& phase : phases_) {
        const auto segment = [&](int first, int rows, int run, int count) {
            const std::ptrdiff_t top = phase.rows.window.source(first, run) + dy_border_.top;
            const std::ptrdiff_t left = phase.cols.window.source(0, 0) + dy_border_.left;
            kernels::Product q{};
            q.operand =
                static_cast<const std::byte*>(dy) + (top * row + left * dims_.c) * context_.operand_bytes();
            q.pixels = {rows, phase.cols.positions, row, dims_.c};
            q.runs = count;
            q.run_stride = row;
            q.run_length = phase.weights.run_length();
            q.weights = phase.weights.from_run(run);
            q.panel_stride = phase.weights.panel_stride();
            q.channels = in_.c;
            q.out_row_stride = static_cast<std::ptrdiff_t>(w.rows.stride) * in_.w * in_.c;
            q.out_col_stride = static_cast<std::ptrdiff_t>(w.cols.stride) * in_.c;
            q.out = dx + first * q.out_row_stride +
                    (static_cast<std::ptrdiff_t>(phase.rows.first) * in_.w + phase.cols.first) * in_.c;
            return q;
        };
        if (context_.numerics == Numerics::f32)
            product(segment(0, phase.rows.positions, 0, phase.rows.window.kernel), phase.areas);
        else
            for (const Stretch& rows : phase.row_stretches)
                product(segment(rows.first, rows.count, rows.tap, rows.taps), {});
    }
}

void ConvUnit::weight_gradient(const void* x, const void* dy, float* gradient) const {
    const Window& w = options_.window;
    const int element = context_.operand_bytes();
    const bool f32 = context_.numerics == Numerics::f32;
    const std::ptrdiff_t x_row = x_border_.row_stride(in_.c), dy_row = dy_border_.row_stride(dims_.c);
    // Bands of rows whose operands fit the first-level cache; in bf16 whole blocks of 32 pixels, so that the
    // blocks do not depend on the band.
    constexpr std::ptrdiff_t kBandBytes = 28 * 1024;
    const std::ptrdiff_t bytes_a_row =
        element * (x_row * w.rows.stride + static_cast<std::ptrdiff_t>(dims_.w) * kernels::kPanel);
    int band = static_cast<int>(std::clamp<std::ptrdiff_t>(kBandBytes / bytes_a_row, 1, dims_.h));
    while (!f32 && band < dims_.h && band * dims_.w % kernels::kBlock != 0) ++band;

    kernels::WeightGradient q{};
    q.run_length = w.cols.kernel * in_.c;
    q.dy_row_stride = dy_row;
    q.dy_col_stride = dims_.c;
    q.channels = dims_.c;
    q.gradient_stride = round_up(dims_.c, kernels::kPanel);
    for (int first = 0; first < dims_.h; first += band)
        for (int kh = 0; kh < w.rows.kernel; ++kh) {
            int begin = first, end = std::min(first + band, dims_.h);
            if (f32) {  // rows of padding add nothing; bf16 keeps them, its blocks count from the first pixel
                while (begin < end && w.rows.source(begin, kh) < 0) ++begin;
                while (begin < end && w.rows.source(end - 1, kh) >= in_.h) --end;
            }
            q.pixels = {end - begin, dims_.w, x_row * w.rows.stride,
                        static_cast<std::ptrdiff_t>(in_.c) * w.cols.stride};
            q.operand = static_cast<const std::byte*>(x) +
                        (w.rows.source(begin, kh) + x_border_.top) * x_row * element;
            q.dy =
                static_cast<const std::byte*>(dy) +
                ((begin + dy_border_.top) * dy_row + static_cast<std::ptrdiff_t>(dy_border_.left) * dims_.c) *
                    element;
            q.gradient = gradient + static_cast<std::ptrdiff_t>(kh) * q.run_length * q.gradient_stride;
            f32 ? context_.kernels.weight_gradient_f32(q) : context_.kernels.weight_gradient_bf16(q);
        }
}

void ConvUnit::add_bias_gradient(int slot, float* sums) const {
    if (is_normalized()) return;  // batch norm takes the mean away again: exactly 0
    const kernels::NormalizeBackward view = output_gradient(slot);
    const std::size_t pixels = static_cast<std::size_t>(dims_.h) * dims_.w;
    for (std::size_t p = 0; p < pixels; ++p)
        for (int c = 0; c < dims_.c; ++c) {
            const std::size_t i = p * dims_.c + c;
            sums[c] += storage_ == kernels::Storage::f32
                           ? static_cast<const float*>(view.gradient)[i]
                           : to_float(static_cast<const Bf16*>(view.gradient)[i]);
        }
}

void ConvUnit::finish_backward(int images) {
    const Window& w = options_.window;
    const int chunks = (images + kChunk - 1) / kChunk;
    const std::size_t size = chunk_gradient_size();
    const int channels = round_up(dims_.c, kernels::kPanel);
    constexpr std::size_t kPart = 4096;
    parallel_for((size + kPart - 1) / kPart, [&](std::size_t part) {
        tree_sum(chunk_gradients_.data(), size, chunks, part * kPart, std::min((part + 1) * kPart, size));
    });
    Array<float>& gradient = context_.gradients.at(options_.name + ".weight");
    float* to = gradient.data();
    for (int o = 0; o < dims_.c; ++o)
        for (int i = 0; i < in_.c; ++i) {
            const float step = input_codes_ ? input_codes_->steps[i] : 1.0f;
            for (int kh = 0; kh < w.rows.kernel; ++kh)
                for (int kw = 0; kw < w.cols.kernel; ++kw)
                    *to++ =
                        step *
                        chunk_gradients_[((static_cast<std::size_t>(kh) * w.cols.kernel + kw) * in_.c + i) *
                                             channels +
                                         o];
        }
    if (quantizer_)
        quantizer_->pass_weight_gradient(context_.weights.at(options_.name + ".weight"),
                                         {gradient.data(), gradient.size()});
    if (options_.bias)
        std::copy_n(chunk_gradients_.data() + size - channels, dims_.c,
                    context_.gradients.at(options_.name + ".bias").data());
}

}  // namespace nibble
