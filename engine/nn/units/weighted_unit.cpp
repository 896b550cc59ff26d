#include "engine/nn/units/weighted_unit.hpp"

#include <algorithm>
#include <cmath>

#include "engine/core/bf16.hpp"
#include "engine/core/parallel.hpp"

namespace nibble {
namespace {

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

int round_up(int n, int to) {
    return (n + to - 1) / to * to;
}

}  // namespace

WeightedUnit::WeightedUnit(const Context& context, Edge input, Dims dims, const Options& options, bool by_tap)
    : ActivationSource(context, dims, context.storage()),
      input_(input),
      in_(input.from->dims()),
      options_(options),
      group_{in_.c / options.groups, dims.c / options.groups},
      by_tap_(by_tap) {
    if (context.quantizer) quantizer_ = context.quantizer->layer(options.name);
    const Window& w = options.window;
    x_border_ = {w.rows.before, w.cols.before, w.rows.extent(dims.h, in_.h), w.cols.extent(dims.w, in_.w)};
    output_.reserve(dims.size() * (options.logits ? sizeof(float) : bytes_of(storage_)) * context.slots);
    if (!context.training) return;
    const int chunks = (context.slots + kChunk - 1) / kChunk;
    chunk_gradients_.resize(chunk_gradient_size() * static_cast<std::size_t>(chunks));
}

Border WeightedUnit::gradient_border() const {
    Border border{.rows = dims_.h, .cols = dims_.w};
    const auto widen = [](const std::vector<GradientPhase>& phases, int& before, int& behind) {
        for (const GradientPhase& phase : phases) {
            before = std::max(before, phase.window.before);
            behind = std::max(behind, phase.window.source(phase.positions - 1, phase.window.kernel - 1) + 1);
        }
        behind += before;
    };
    widen(gradient_phases(options_.window.rows, in_.h), border.top, border.rows);
    widen(gradient_phases(options_.window.cols, in_.w), border.left, border.cols);
    return border;
}

int WeightedUnit::gradient_stride() const {
    return round_up(group_.outputs, kernels::kPanel);
}

std::size_t WeightedUnit::group_gradient_size() const {
    return static_cast<std::size_t>(options_.window.taps()) * group_.inputs * gradient_stride();
}

std::size_t WeightedUnit::chunk_gradient_size() const {
    const std::size_t weights = by_tap_ ? static_cast<std::size_t>(options_.window.taps()) * dims_.c
                                        : options_.groups * group_gradient_size();
    return weights + static_cast<std::size_t>(dims_.c);
}

std::size_t WeightedUnit::gradient_at(int o, int i) const {
    if (by_tap_) return static_cast<std::size_t>(o);
    return o / group_.outputs * group_gradient_size() + static_cast<std::size_t>(i) * gradient_stride() +
           o % group_.outputs;
}

std::size_t WeightedUnit::gradient_of_next_tap() const {
    return static_cast<std::size_t>(by_tap_ ? dims_.c : group_.inputs * gradient_stride());
}

void WeightedUnit::pack() {
    const Array<float>& weight = context_.weights.at(options_.name + ".weight");
    if (!quantizer_) return pack(weight.data(), weight.data());
    input_codes_ = quantizer_->input();
    quantizer_->encode(weight, codes_);
    float_sums_are_exact_ = !input_codes_ || largest_sum(codes_, *input_codes_) < kExactInFloat;
    pack(codes_.codes.data(), codes_.values.data());
}

const float* WeightedUnit::input_values(int slot, Scratch& scratch) const {
    kernels::Normalize view = input_.from->view(slot);
    if (!view.scale && !view.residual && !view.clamp.bounds()) return static_cast<const float*>(view.src);
    auto* values = scratch.values.reserve_as<float>(in_.size());
    view.pixels = in_.h * in_.w;
    view.dst = values;
    context_.kernels.normalize(view);
    return values;
}

const void* WeightedUnit::operand(int slot, const float* values, Scratch& scratch) const {
    if (!input_codes_)
        return input_operand(context_, input_.from->view(slot), in_, x_border_, scratch.operand);
    return code_operand(context_, *input_codes_, values, in_, x_border_, scratch.operand);
}

void WeightedUnit::split_gemm(const kernels::Gemm& whole, const kernels::PackedWeights& weights) const {
    // So many products of 8-bit codes, half-integers among them, are exact as floats; a multiple of kBlock.
    constexpr int kExactProducts = 256;
    const std::size_t values =
        static_cast<std::size_t>(whole.pixels.rows) * whole.pixels.cols * whole.channels;
    std::vector<float> part(values);
    std::vector<double> sums(values, 0.0);
    const int element = context_.operand_bytes();
    kernels::Gemm q = whole;
    q.runs = 1;
    q.out = part.data();
    q.out_col_stride = whole.channels;
    q.out_row_stride = static_cast<std::ptrdiff_t>(whole.pixels.cols) * whole.channels;
    for (int run = 0; run < whole.runs; ++run)
        for (int k = 0; k < whole.run_length; k += kExactProducts) {
            q.run_length = std::min(kExactProducts, whole.run_length - k);
            q.operand = static_cast<const std::byte*>(whole.operand) + (run * whole.run_stride + k) * element;
            q.weights = weights.at(whole.weights, run, k);
            context_.numerics == Numerics::f32 ? context_.kernels.gemm_f32(q) : context_.kernels.gemm_bf16(q);
            for (std::size_t i = 0; i < values; ++i) sums[i] += static_cast<double>(part[i]);
        }
    const double* sum = sums.data();
    for (int r = 0; r < whole.pixels.rows; ++r)
        for (int c = 0; c < whole.pixels.cols; ++c)
            for (int n = 0; n < whole.channels; ++n)
                whole.out[r * whole.out_row_stride + c * whole.out_col_stride + n] =
                    static_cast<float>(*sum++);
}

void WeightedUnit::add_bias(float* out) const {
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

void WeightedUnit::forward(int slot, Scratch& scratch) {
    const bool observed = context_.training && quantizer_ && quantizer_->observes();
    const float* values = observed || input_codes_ ? input_values(slot, scratch) : nullptr;
    if (observed) quantizer_->observe(slot, {values, in_.size()});
    const bool in_place = options_.logits || storage_ == kernels::Storage::f32;
    const std::size_t image = dims_.size() * (in_place ? sizeof(float) : bytes_of(storage_));
    std::byte* stored = output_.data() + slot * image;
    float* out = in_place ? reinterpret_cast<float*>(stored) : scratch.image.reserve_as<float>(dims_.size());
    multiply(operand(slot, values, scratch), out, scratch);
    if (options_.bias || (quantizer_ && !stores_sums())) add_bias(out);
    if (!in_place) context_.kernels.store(storage_, out, stored, dims_.size());
    take_statistics(slot);
}

void WeightedUnit::backward(int slot, Scratch& scratch) {
    const void* dy = gradient_operand(context_, output_gradient(slot), dims_, dy_border_, scratch.dy);
    const float* values = input_codes_ ? input_values(slot, scratch) : nullptr;
    const void* x = operand(slot, values, scratch);
    const std::size_t size = chunk_gradient_size();
    float* gradient = chunk_gradients_.data() + slot / kChunk * size;
    if (slot % kChunk == 0) std::fill_n(gradient, size, 0.0f);
    weight_gradient(x, dy, gradient, scratch);
    if (options_.bias) add_bias_gradient(slot, gradient + size - dims_.c);
    if (!input_.from->wants_gradient()) return;
    float* dx = scratch.image.reserve_as<float>(in_.size());
    input_gradient(dy, dx, scratch);
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

const float* WeightedUnit::floats(int slot) const {
    return reinterpret_cast<const float*>(output_.data()) + slot * dims_.size();
}

void WeightedUnit::add_bias_gradient(int slot, float* sums) const {
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

void WeightedUnit::finish_backward(int images) {
    const int chunks = (images + kChunk - 1) / kChunk;
    const std::size_t size = chunk_gradient_size();
    constexpr std::size_t kPart = 4096;
    parallel_for((size + kPart - 1) / kPart, [&](std::size_t part) {
        tree_sum(chunk_gradients_.data(), size, chunks, part * kPart, std::min((part + 1) * kPart, size));
    });
    Array<float>& gradient = context_.gradients.at(options_.name + ".weight");
    float* to = gradient.data();
    const int taps = options_.window.taps();
    const std::size_t next = gradient_of_next_tap();
    for (int o = 0; o < dims_.c; ++o)
        for (int i = 0; i < group_.inputs; ++i) {
            const int input = o / group_.outputs * group_.inputs + i;
            const float step = input_codes_ ? input_codes_->steps[input] : 1.0f;
            const float* from = chunk_gradients_.data() + gradient_at(o, i);
            for (int tap = 0; tap < taps; ++tap) *to++ = step * from[tap * next];
        }
    if (quantizer_)
        quantizer_->pass_weight_gradient(context_.weights.at(options_.name + ".weight"),
                                         {gradient.data(), gradient.size()});
    if (options_.bias)
        std::copy_n(chunk_gradients_.data() + size - dims_.c, dims_.c,
                    context_.gradients.at(options_.name + ".bias").data());
}

}  // namespace nibble
