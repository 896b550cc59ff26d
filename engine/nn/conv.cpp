#include "engine/nn/conv.hpp"

#include <algorithm>
#include <cmath>

#include "engine/core/bf16.hpp"
#include "engine/core/parallel.hpp"
#include "engine/nn/activation.hpp"

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
    : Unit(context, dims, context.storage()), input_(input), in_(input.from->dims()), options_(options) {
    if (context.quantizer) quantizer_ = context.quantizer->layer(options.name);
    const Window& w = options.window;
    const auto extent = [&](int in, int out, int kernel) {
        return std::max(w.pad + in, (out - 1) * w.stride + kernel);
    };
    x_border_ = {w.pad, w.pad, extent(in_.h, dims.h, w.kernel_h), extent(in_.w, dims.w, w.kernel_w)};
    weights_ = {context.kernels, context.numerics == Numerics::bf16, w.kernel_h, w.kernel_w * in_.c, dims.c};
    rows_ = stretches(dims.h, w.stride, -w.pad, w.kernel_h, in_.h);
    areas_ = areas(rows_, stretches(dims.w, w.stride, -w.pad, w.kernel_w, in_.w), in_.c);
    output_.reserve(dims.size() * (options.logits ? sizeof(float) : bytes_of(storage_)) * context.slots);
    if (!context.training) return;
    plan_phases();
    const int chunks = (context.slots + kChunk - 1) / kChunk;
    chunk_gradients_.resize(chunk_gradient_size() * static_cast<std::size_t>(chunks));
}

std::size_t ConvUnit::chunk_gradient_size() const {
    const auto weights =
        static_cast<std::size_t>(options_.window.kernel_h) * options_.window.kernel_w * in_.c;
    return (weights + 1) * static_cast<std::size_t>(round_up(dims_.c, kernels::kPanel));
}

void ConvUnit::plan_phases() {
    if (!input_.from->wants_gradient()) {
        dy_border_ = {0, 0, dims_.h, dims_.w};
        return;
    }
    const Window& w = options_.window;
    // Kernel taps k with (phase + pad - k) divisible by the stride, falling; dy position of the first one.
    const auto taps = [&](int phase, int kernel) {
        std::vector<int> all;
        for (int k = kernel - 1; k >= 0; --k)
            if ((phase + w.pad - k) % w.stride == 0) all.push_back(k);
        return all;
    };
    const auto position = [&](int phase, const std::vector<int>& all) {
        return all.empty() ? 0 : (phase + w.pad - all.front()) / w.stride;
    };
    int low_row = 0, low_col = 0, high_row = dims_.h, high_col = dims_.w;
    for (int row = 0; row < w.stride; ++row)
        for (int col = 0; col < w.stride; ++col) {
            Phase phase{row,
                        col,
                        (in_.h - row + w.stride - 1) / w.stride,
                        (in_.w - col + w.stride - 1) / w.stride,
                        0,
                        0,
                        taps(row, w.kernel_h),
                        taps(col, w.kernel_w),
                        {},
                        {},
                        {}};
            phase.first_row = position(row, phase.kh);
            phase.first_col = position(col, phase.kw);
            const int runs = static_cast<int>(phase.kh.size()), columns = static_cast<int>(phase.kw.size());
            phase.weights = {context_.kernels, context_.numerics == Numerics::bf16, runs, columns * dims_.c,
                             in_.c};
            phase.row_stretches = stretches(phase.rows, 1, phase.first_row, runs, dims_.h);
            phase.areas = areas(phase.row_stretches,
                                stretches(phase.cols, 1, phase.first_col, columns, dims_.w), dims_.c);
            low_row = std::min(low_row, phase.first_row);
            low_col = std::min(low_col, phase.first_col);
            high_row = std::max(high_row, phase.first_row + phase.rows - 1 + runs);
            high_col = std::max(high_col, phase.first_col + phase.cols - 1 + columns);
            phases_.push_back(std::move(phase));
        }
    dy_border_ = {-low_row, -low_col, high_row - low_row, high_col - low_col};
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
        return weight[((static_cast<std::size_t>(o) * in_.c + i) * w.kernel_h + kh) * w.kernel_w + kw];
    };
    std::vector<float> matrix;
    for (int kh = 0; kh < w.kernel_h; ++kh)
        for (int kw = 0; kw < w.kernel_w; ++kw)
            for (int i = 0; i < in_.c; ++i)
                for (int o = 0; o < dims_.c; ++o) matrix.push_back(at(o, i, kh, kw));
    weights_.pack(matrix);
    if (quantizer_) weight = codes_.values.data();
    for (Phase& phase : phases_) {
        matrix.clear();
        for (int kh : phase.kh)
            for (int kw : phase.kw)
                for (int o = 0; o < dims_.c; ++o)
                    for (int i = 0; i < in_.c; ++i) matrix.push_back(at(o, i, kh, kw));
        phase.weights.pack(matrix);
    }
}

bool ConvUnit::stores_sums() const {
    return quantizer_ && activation_ && activation_->normalizes() && !options_.bias;
}

const float* ConvUnit::input_values(int slot, Scratch& scratch) const {
    kernels::Normalize view = input_.from->view(slot);
    if (!view.scale && !view.residual && !view.relu) return static_cast<const float*>(view.src);
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
    const std::size_t pixels = static_cast<std::size_t>(dims_.h) * dims_.w;
    const bool in_place = options_.logits || storage_ == kernels::Storage::f32;
    const std::size_t image = dims_.size() * (in_place ? sizeof(float) : bytes_of(storage_));
    std::byte* stored = output_.data() + slot * image;
    float* out = in_place ? reinterpret_cast<float*>(stored) : scratch.image.reserve_as<float>(dims_.size());

    const std::ptrdiff_t row = x_border_.row_stride(in_.c);
    const auto segment = [&](int first, int rows, int run, int runs) {
        kernels::Product q{};
        q.operand = x + (first * w.stride + run) * row * context_.operand_bytes();
        q.pixels = {rows, dims_.w, row * w.stride, static_cast<std::ptrdiff_t>(in_.c) * w.stride};
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
    const std::size_t weights = static_cast<std::size_t>(w.kernel_h) * weights_.run_length() * dims_.c;
    if (!float_sums_are_exact_)
        split_product(segment(0, dims_.h, 0, w.kernel_h));
    else if (context_.numerics == Numerics::f32 || weights * context_.operand_bytes() > kManyWeights)
        product(segment(0, dims_.h, 0, w.kernel_h), areas_);
    else
        for (const Stretch& rows : rows_) product(segment(rows.first, rows.count, rows.tap, rows.taps), {});
    if (options_.bias || (quantizer_ && !stores_sums())) add_bias(out);
    if (!in_place) context_.kernels.store(storage_, out, stored, dims_.size());
    if (context_.training && activation_ && activation_->normalizes()) {
        double* sums = activation_->statistics(slot);
        context_.kernels.moments({storage_, stored, static_cast<int>(pixels), dims_.c, sums, sums + dims_.c});
    }
}

void ConvUnit::finish_forward(int images) {
    if (activation_ && activation_->normalizes()) activation_->finish_statistics(images);
}

kernels::Normalize ConvUnit::view(int slot) const {
    kernels::Normalize view{};
    view.storage = storage_;
    view.src = output_.data() + slot * image_bytes();
    view.channels = dims_.c;
    return view;
}

const float* ConvUnit::logits(int slot) const {
    return reinterpret_cast<const float*>(output_.data()) + slot * dims_.size();
}

kernels::NormalizeBackward ConvUnit::output_gradient(int slot) const {
    return activation_ ? activation_->source_gradient(slot) : gradient_view(slot);
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
    const int s = options_.window.stride;
    const std::ptrdiff_t row = dy_border_.row_stride(dims_.c);
    for (const Phase& phase : phases_) {
        const int runs = static_cast<int>(phase.kh.size());
        const auto segment = [&](int first, int rows, int run, int count) {
            const std::ptrdiff_t top = phase.first_row + first + run + dy_border_.top;
            const std::ptrdiff_t left = phase.first_col + dy_border_.left;
            kernels::Product q{};
            q.operand =
                static_cast<const std::byte*>(dy) + (top * row + left * dims_.c) * context_.operand_bytes();
            q.pixels = {rows, phase.cols, row, dims_.c};
            q.runs = count;
            q.run_stride = row;
            q.run_length = phase.weights.run_length();
            q.weights = phase.weights.from_run(run);
            q.panel_stride = phase.weights.panel_stride();
            q.channels = in_.c;
            q.out_row_stride = static_cast<std::ptrdiff_t>(s) * in_.w * in_.c;
            q.out_col_stride = static_cast<std::ptrdiff_t>(s) * in_.c;
            q.out = dx + first * q.out_row_stride +
                    (static_cast<std::ptrdiff_t>(phase.row) * in_.w + phase.col) * in_.c;
            return q;
        };
        if (context_.numerics == Numerics::f32)
            product(segment(0, phase.rows, 0, runs), phase.areas);
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
        element * (x_row * w.stride + static_cast<std::ptrdiff_t>(dims_.w) * kernels::kPanel);
    int band = static_cast<int>(std::clamp<std::ptrdiff_t>(kBandBytes / bytes_a_row, 1, dims_.h));
    while (!f32 && band < dims_.h && band * dims_.w % kernels::kBlock != 0) ++band;

    kernels::WeightGradient q{};
    q.run_length = w.kernel_w * in_.c;
    q.dy_row_stride = dy_row;
    q.dy_col_stride = dims_.c;
    q.channels = dims_.c;
    q.gradient_stride = round_up(dims_.c, kernels::kPanel);
    for (int first = 0; first < dims_.h; first += band)
        for (int kh = 0; kh < w.kernel_h; ++kh) {
            int begin = first, end = std::min(first + band, dims_.h);
            if (f32) {  // rows of padding add nothing; bf16 keeps them, its blocks count from the first pixel
                while (begin < end && begin * w.stride + kh < w.pad) ++begin;
                while (begin < end && (end - 1) * w.stride + kh >= w.pad + in_.h) --end;
            }
            q.pixels = {end - begin, dims_.w, x_row * w.stride,
                        static_cast<std::ptrdiff_t>(in_.c) * w.stride};
            q.operand = static_cast<const std::byte*>(x) + (begin * w.stride + kh) * x_row * element;
            q.dy =
                static_cast<const std::byte*>(dy) +
                ((begin + dy_border_.top) * dy_row + static_cast<std::ptrdiff_t>(dy_border_.left) * dims_.c) *
                    element;
            q.gradient = gradient + static_cast<std::ptrdiff_t>(kh) * q.run_length * q.gradient_stride;
            f32 ? context_.kernels.weight_gradient_f32(q) : context_.kernels.weight_gradient_bf16(q);
        }
}

void ConvUnit::add_bias_gradient(int slot, float* sums) const {
    if (activation_ && activation_->normalizes()) return;  // batch norm takes the mean away again: exactly 0
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
            for (int kh = 0; kh < w.kernel_h; ++kh)
                for (int kw = 0; kw < w.kernel_w; ++kw)
                    *to++ = step *
                            chunk_gradients_[((static_cast<std::size_t>(kh) * w.kernel_w + kw) * in_.c + i) *
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
