#include "engine/nn/network.hpp"

#include <algorithm>

#include "engine/core/bf16.hpp"
#include "engine/core/parallel.hpp"
#include "engine/kernels/dispatch.hpp"

namespace nibble {

Network::Network(const Graph& graph, Numerics numerics, Mode mode, int slots, Weights& weights,
                 Weights& gradients, NetworkQuantizer* quantizer, Fuse how)
    : context_{kernels::active(),
               numerics,
               mode == Mode::training,
               mode == Mode::training ? slots : threads(),
               weights,
               gradients,
               quantizer},
      plan_(make_plan(context_, graph, how)),
      scratch_(static_cast<std::size_t>(threads())) {
    update_weights();
}

void Network::update_weights() {
    parallel_for(plan_.weighted.size(), [&](std::size_t i) { plan_.weighted[i]->pack(); });
    if (context_.training) return;
    for (ActivationUnit* activation : plan_.activations)
        if (activation->normalizes()) activation->use_running_statistics();
}

void Network::forward(std::span<const float> images, const Noise& noise) {
    context_.noise = noise;
    images_ = static_cast<int>(images.size() / image_size());
    for (const Plan::Phase& phase : plan_.forward) {
        parallel_for(
            static_cast<std::size_t>(images_),
            [&](std::size_t image, int worker) {
                const int slot = static_cast<int>(image);
                if (phase.begin == 0) plan_.input->set(slot, images.data() + image * image_size());
                for (std::size_t u = phase.begin; u < phase.end; ++u)
                    plan_.units[u]->forward(slot, scratch_[worker]);
            },
            workers());
        for (std::size_t u = phase.begin; u < phase.end; ++u) plan_.units[u]->finish_forward(images_);
    }
}

std::span<const float> Network::logits(int slot) const {
    return {plan_.output->floats(slot), static_cast<std::size_t>(classes())};
}

void Network::backward(std::span<const float> logit_gradients) {
    const auto chunks = static_cast<std::size_t>((images_ + kChunk - 1) / kChunk);
    for (const Plan::Phase& phase : plan_.backward) {
        parallel_for(
            chunks,
            [&](std::size_t chunk, int worker) {
                const int end = std::min(static_cast<int>(chunk + 1) * kChunk, images_);
                for (int slot = static_cast<int>(chunk) * kChunk; slot < end; ++slot) {
                    if (phase.end == plan_.units.size())
                        plan_.output->receive({}, slot, logit_gradients.data() + slot * classes(),
                                              scratch_[worker]);
                    for (std::size_t u = phase.end; u-- > phase.begin;)
                        plan_.units[u]->backward(slot, scratch_[worker]);
                }
            },
            workers());
        for (std::size_t u = phase.begin; u < phase.end; ++u) plan_.units[u]->finish_backward(images_);
        for (ActivationUnit* activation : phase.completed) activation->finish_gradient(images_);
    }
}

void Network::infer(const float* image, std::span<float> logits, int worker) {
    plan_.input->set(worker, image);
    for (const auto& unit : plan_.units) unit->forward(worker, scratch_[worker]);
    std::copy_n(plan_.output->floats(worker), logits.size(), logits.data());
}

std::vector<float> Network::activation(int node, int worker) const {
    const Unit* unit = plan_.unit_of[node];
    if (!unit) return {};
    if (unit == plan_.output) return {logits(worker).begin(), logits(worker).end()};
    std::vector<float> values(unit->dims().size());
    kernels::Normalize view = unit->view(worker);
    view.pixels = unit->dims().h * unit->dims().w;
    view.dst = values.data();
    // In bf16 the view writes bfloat16: the network stores nothing else.
    if (view.storage == kernels::Storage::bf16) {
        std::vector<Bf16> narrow(values.size());
        view.dst = narrow.data();
        context_.kernels.normalize(view);
        values = widened(narrow.data(), narrow.size());
    } else {
        context_.kernels.normalize(view);
    }
    return values;
}

}  // namespace nibble
