#include "engine/nn/schedule.hpp"

#include <doctest/doctest.h>

#include <map>

#include "engine/kernels/dispatch.hpp"
#include "engine/models/resnet_cifar.hpp"
#include "engine/nn/plan.hpp"
#include "engine/train/init.hpp"

namespace nibble {
namespace {

/// A plan and what it refers to.
struct Planned {
    Graph graph = resnet_cifar({.depth = 8});
    Weights weights = initial_weights(graph, 0), gradients = weights;
    Context context;
    Plan plan;
    explicit Planned(bool training)
        : context{kernels::active(), Numerics::f32, training, 2, weights, gradients, nullptr},
          plan(make_plan(context, graph)) {}
};

TEST_CASE("schedule: evaluation runs through all units without waiting") {
    const Planned p(false);
    REQUIRE(p.plan.forward.size() == 1);
    CHECK(p.plan.forward[0].begin == 0);
    CHECK(p.plan.forward[0].end == p.plan.units.size());
    CHECK(p.plan.backward.empty());
}

TEST_CASE("schedule: phases cover all units, and nobody runs before the statistics it needs") {
    const Planned p(true);
    std::size_t next = 0;
    std::map<const Unit*, std::size_t> phase_of;
    for (std::size_t k = 0; k < p.plan.forward.size(); ++k) {
        CHECK(p.plan.forward[k].begin == next);
        next = p.plan.forward[k].end;
        for (std::size_t i = p.plan.forward[k].begin; i < next; ++i) phase_of[p.plan.units[i].get()] = k;
    }
    CHECK(next == p.plan.units.size());
    for (const ActivationUnit* a : p.plan.activations)
        if (a->normalizes()) CHECK(phase_of.at(a) > phase_of.at(&a->source()));

    std::map<const ActivationUnit*, int> completed;
    for (const Plan::Phase& phase : p.plan.backward) {
        CHECK(phase.end == next);
        next = phase.begin;
        for (const ActivationUnit* a : phase.completed) ++completed[a];
    }
    CHECK(next == 0);
    for (const ActivationUnit* a : p.plan.activations)
        if (a->normalizes()) CHECK(completed[a] == 1);
}

TEST_CASE("schedule: of the readers of a value one delivers its gradient first and one last") {
    const Planned p(true);
    std::map<const Unit*, int> first, last;
    for (const auto& unit : p.plan.units)
        for (const Edge* edge : unit->inputs()) {
            first[edge->from] += edge->first;
            last[edge->from] += edge->last;
        }
    for (ActivationUnit* a : p.plan.activations)
        if (const Edge& edge = a->residual(); edge.from) {
            last[edge.from] += edge.last;
        }
    for (const auto& [unit, count] : first) {
        CAPTURE(unit);
        CHECK(count == 1);
        CHECK(last[unit] == 1);
    }
    CHECK(p.plan.gradient_memory.size() < p.plan.units.size());  // shared over time
}

}  // namespace
}  // namespace nibble
