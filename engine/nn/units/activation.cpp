#include "engine/nn/units/activation.hpp"

#include <cmath>

#include "engine/core/parallel.hpp"
#include "engine/nn/shortcut.hpp"

namespace nibble {
namespace {
constexpr double kRunningMomentum = 0.1;
}

bool ActivationSource::is_normalized() const {
    return activation_ && activation_->normalizes();
}

void ActivationSource::take_statistics(int slot) const {
    if (!context_.training || !is_normalized()) return;
    double* sums = activation_->statistics(slot);
    context_.kernels.moments({storage_, view(slot).src, dims_.h * dims_.w, dims_.c, sums, sums + dims_.c});
}

void ActivationSource::finish_forward(int images) {
    if (is_normalized()) activation_->finish_statistics(images);
}

kernels::NormalizeBackward ActivationSource::output_gradient(int slot) const {
    return activation_ ? activation_->source_gradient(slot) : gradient_view(slot);
}

ActivationUnit::ActivationUnit(const Context& context, ActivationSource& source, const Options& options)
    : Unit(context, source.dims(), source.storage()), source_(source), options_(options) {
    const auto c = static_cast<std::size_t>(dims_.c);
    if (options_.stored) values_.reserve(image_bytes() * context.slots);
    if (!normalizes()) return;
    for (auto* v : {&scale_, &shift_, &by_g_, &by_y_, &constant_}) v->resize(c);
    mean_.resize(c);
    inverse_deviation_.resize(c);
    if (context.training) sums_.resize(2 * c * static_cast<std::size_t>(context.slots));
}

float* ActivationUnit::parameter(Weights& from, const char* suffix) const {
    return from.at(options_.norm + suffix).data();
}

void ActivationUnit::set_scale(int channel, double mean, double variance) {
    const double inverse = 1.0 / std::sqrt(variance + static_cast<double>(options_.eps));
    const double scale = static_cast<double>(parameter(context_.weights, ".weight")[channel]) * inverse;
    const double beta = parameter(context_.weights, ".bias")[channel];
    mean_[channel] = mean;
    inverse_deviation_[channel] = inverse;
    by_g_[channel] = static_cast<float>(scale);
    scale_[channel] = static_cast<float>(unit(channel) * scale);
    shift_[channel] = static_cast<float>(beta - mean * scale);
}

void ActivationUnit::use_running_statistics() {
    for (int c = 0; c < dims_.c; ++c)
        set_scale(c, parameter(context_.weights, ".running_mean")[c],
                  parameter(context_.weights, ".running_var")[c]);
}

void ActivationUnit::finish_statistics(int images) {
    const std::size_t c2 = 2 * static_cast<std::size_t>(dims_.c);
    tree_sum(std::span(sums_).first(c2 * images), images);
    const double values = static_cast<double>(images) * dims_.h * dims_.w;
    float* running_mean = parameter(context_.weights, ".running_mean");
    float* running_var = parameter(context_.weights, ".running_var");
    for (int c = 0; c < dims_.c; ++c) {
        const double mean = unit(c) * sums_[c] / values;
        const double raw = unit(c) * unit(c) * sums_[dims_.c + c] / values - mean * mean;
        const double variance = raw < 0.0 ? 0.0 : raw;  // rounding can take a constant channel below 0
        const double unbiased = values > 1 ? variance * (values / (values - 1)) : variance;
        const auto move = [](float& running, double to) {
            running = static_cast<float>((1.0 - kRunningMomentum) * static_cast<double>(running) +
                                         kRunningMomentum * to);
        };
        move(running_mean[c], mean);
        move(running_var[c], unbiased);
        set_scale(c, mean, variance);
    }
}

void ActivationUnit::forward(int slot, Scratch& scratch) {
    if (!options_.stored) return;
    kernels::Normalize q = source_.view(slot);
    if (normalizes()) {
        q.scale = scale_.data();
        q.shift = shift_.data();
    }
    q.clamp = options_.clamp;
    q.pixels = dims_.h * dims_.w;
    q.dst = values_.data() + slot * image_bytes();
    if (const Unit* from = options_.residual.from) {
        q.residual = from->view(slot).src;
        if (options_.shortcut_stride != 0) {
            void* padded = scratch.residual.reserve(image_bytes());
            shortcut_forward(bytes_of(storage_), q.residual, from->dims(), options_.shortcut_stride, padded,
                             dims_);
            q.residual = padded;
        }
    }
    context_.kernels.normalize(q);
}

kernels::Normalize ActivationUnit::view(int slot) const {
    kernels::Normalize view = source_.view(slot);
    if (options_.stored) {
        view.src = values_.data() + slot * image_bytes();
        return view;
    }
    if (normalizes()) {
        view.scale = scale_.data();
        view.shift = shift_.data();
    }
    view.clamp = options_.clamp;
    return view;
}

kernels::MaskGradient ActivationUnit::rule(int slot) const {
    kernels::MaskGradient q = Unit::rule(slot);
    const void* y = source_.view(slot).src;
    q.clamp = options_.clamp;
    if (options_.stored) {
        q.activation = values_.data() + slot * image_bytes();
    } else if (normalizes()) {
        q.scale = scale_.data();
        q.shift = shift_.data();
    } else {
        q.activation = y;  // without batch norm y lies between the bounds where a does
    }
    if (normalizes()) {
        q.y = y;
        q.sum = sums_.data() + static_cast<std::size_t>(slot) * 2 * dims_.c;
        q.product = q.sum + dims_.c;
    }
    return q;
}

void ActivationUnit::receive(const Edge& edge, int slot, const float* incoming, Scratch& scratch) {
    Unit::receive(edge, slot, incoming, scratch);
    // Only a residual connection that is its source's last reader has to say so; others are picked up in
    // time.
    const Edge& residual = options_.residual;
    if (edge.last && residual.from && residual.last) residual.from->receive(residual, slot, nullptr, scratch);
}

void ActivationUnit::finish_gradient(int images) {
    const std::size_t c2 = 2 * static_cast<std::size_t>(dims_.c);
    tree_sum(std::span(sums_).first(c2 * images), images);
    const double values = static_cast<double>(images) * dims_.h * dims_.w;
    float* d_gamma = parameter(context_.gradients, ".weight");
    float* d_beta = parameter(context_.gradients, ".bias");
    for (int c = 0; c < dims_.c; ++c) {
        const double sum_g = sums_[c];
        const double sum_g_normal = inverse_deviation_[c] * (unit(c) * sums_[dims_.c + c] - mean_[c] * sum_g);
        d_beta[c] = static_cast<float>(sum_g);
        d_gamma[c] = static_cast<float>(sum_g_normal);
        // scale (g - sum_g/n - (y - mean) inverse sum_g_normal/n), sorted by g, y and 1
        const double scale = static_cast<double>(by_g_[c]);
        const double by_y = -scale * inverse_deviation_[c] * sum_g_normal / values;
        by_y_[c] = static_cast<float>(by_y * unit(c));
        constant_[c] = static_cast<float>(-scale * sum_g / values - by_y * mean_[c]);
    }
}

kernels::NormalizeBackward ActivationUnit::source_gradient(int slot) const {
    kernels::NormalizeBackward q = Unit::gradient_view(slot);
    if (normalizes()) {
        q.y = source_.view(slot).src;
        q.by_g = by_g_.data();
        q.by_y = by_y_.data();
        q.constant = constant_.data();
    }
    return q;
}

}  // namespace nibble
