#include "engine/nn/schedule.hpp"

#include <algorithm>
#include <map>

namespace nibble {
namespace {

/// Times are indices of units; the backward pass runs from high to low.
class Scheduler {
  public:
    explicit Scheduler(Plan& plan) : plan_(plan) {
        for (std::size_t i = 0; i < plan.units.size(); ++i) index_[plan.units[i].get()] = i;
        for (ActivationUnit* activation : plan.activations) activations_[activation] = activation;
    }

    void forward_phases() {
        std::size_t begin = 0;
        for (std::size_t i = 0; i < plan_.units.size(); ++i) {
            // An activation waits for the batch statistics of its source.
            const ActivationUnit* waits = activation_at(i);
            if (waits && waits->normalizes() && index_.at(&waits->source()) >= begin) {
                plan_.forward.push_back({begin, i, {}});
                begin = i;
            }
        }
        plan_.forward.push_back({begin, plan_.units.size(), {}});
    }

    /// Decides, for every unit, in which order its readers deliver gradients and when the last one does.
    void order_gradients() {
        struct Delivery {
            std::size_t time;
            Edge* edge;
            bool residual;
        };
        std::map<Unit*, std::vector<Delivery>> deliveries;
        for (std::size_t i = plan_.units.size(); i-- > 0;) {
            Unit* unit = plan_.units[i].get();
            auto& list = deliveries[unit];
            std::stable_sort(list.begin(), list.end(), [](auto& a, auto& b) { return a.time > b.time; });
            bool delivered = false;
            for (std::size_t k = 0; k < list.size(); ++k) {
                list[k].edge->first = !delivered;
                list[k].edge->last = k + 1 == list.size();
                delivered = delivered || !list[k].residual;
            }
            // The loss delivers to the output before anything runs.
            if (unit == plan_.output) first_[unit] = complete_[unit] = plan_.units.size();
            if (!list.empty()) {
                first_[unit] = list.front().time;
                complete_[unit] = list.back().time;
            }
            for (Edge* input : unit->inputs()) deliveries[input->from].push_back({i, input, false});
            if (ActivationUnit* activation = activation_at(i); activation && activation->residual().from)
                deliveries[activation->residual().from].push_back(
                    {complete_.at(unit), &activation->residual(), true});
        }
    }

    void backward_phases() {
        std::size_t end = plan_.units.size();
        for (std::size_t i = end; i-- > 0;) {
            const ActivationUnit* waits_for = plan_.units[i]->activation();
            if (waits_for && waits_for->normalizes() && complete_.at(waits_for) < end) {
                close_backward(i + 1, end);
                end = i + 1;
            }
        }
        close_backward(0, end);
    }

    /// Gradients live from their first delivery until their producer and their residual sources have read
    /// them.
    void share_gradient_memory(int slots) {
        std::map<const Unit*, std::size_t> last_read;
        for (std::size_t i = 0; i < plan_.units.size(); ++i) {
            Unit* unit = plan_.units[i].get();
            last_read[unit] = std::min(last_read.contains(unit) ? last_read[unit] : i, i);
            if (ActivationUnit* activation = activation_at(i)) {
                last_read[unit] = std::min(last_read[unit], index_.at(&activation->source()));
                if (Unit* residual = activation->residual().from; residual && residual->wants_gradient())
                    last_read[unit] = std::min(last_read[unit], complete_.at(residual));
            }
        }
        struct Block {
            std::vector<Unit*> users;
            std::size_t stride = 0;
        };
        std::vector<Block> blocks;
        std::vector<std::size_t> free;
        std::map<const Unit*, std::size_t> block_of;
        for (std::size_t time = plan_.units.size() + 1; time-- > 0;) {
            for (const auto& owned : plan_.units) {
                Unit* unit = owned.get();
                if (!unit->wants_gradient() || !first_.contains(unit) || first_.at(unit) != time) continue;
                if (free.empty()) {
                    free.push_back(blocks.size());
                    blocks.emplace_back();
                }
                Block& block = blocks[free.back()];
                block_of[unit] = free.back();
                free.pop_back();
                block.users.push_back(unit);
                block.stride = std::max(block.stride, unit->dims().size() * bytes_of(unit->storage()));
            }
            for (const auto& [unit, block] : block_of)
                if (last_read.at(unit) == time) free.push_back(block);
        }
        for (Block& block : blocks) {
            auto memory = std::make_unique<Buffer>();
            memory->reserve(block.stride * static_cast<std::size_t>(slots));
            for (Unit* unit : block.users) unit->set_gradient_memory(memory.get(), block.stride);
            plan_.gradient_memory.push_back(std::move(memory));
        }
    }

  private:
    /// Unit i, if it is an activation.
    ActivationUnit* activation_at(std::size_t i) const {
        const auto found = activations_.find(plan_.units[i].get());
        return found == activations_.end() ? nullptr : found->second;
    }

    void close_backward(std::size_t begin, std::size_t end) {
        Plan::Phase phase{begin, end, {}};
        for (ActivationUnit* activation : plan_.activations) {
            const std::size_t time = complete_.at(activation);
            if (activation->normalizes() && time >= begin && time < end)
                phase.completed.push_back(activation);
        }
        plan_.backward.push_back(std::move(phase));
    }

    Plan& plan_;
    std::map<const Unit*, std::size_t> index_, first_, complete_;
    std::map<const Unit*, ActivationUnit*> activations_;
};

}  // namespace

void schedule(Plan& plan, bool training, int slots) {
    Scheduler scheduler(plan);
    if (!training) {
        plan.forward.push_back({0, plan.units.size(), {}});
        return;
    }
    scheduler.forward_phases();
    scheduler.order_gradients();
    scheduler.backward_phases();
    scheduler.share_gradient_memory(slots);
}

}  // namespace nibble
