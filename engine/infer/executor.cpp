#include "engine/infer/executor.hpp"

#include <algorithm>
#include <cstring>
#include <exception>

#include "engine/core/error.hpp"
#include "engine/core/parallel.hpp"
#include "engine/infer/passing.hpp"
#include "engine/infer/steps/step.hpp"
#include "engine/kernels/dispatch.hpp"

namespace nibble {
namespace {

/// Images that one worker takes through the network together, so that weights are unpacked once for all of
/// them, but never so many that their values leave the second-level cache.
constexpr std::size_t kArenaBudget = 512 * 1024;
constexpr std::size_t kMaxTogether = 8;

std::unique_ptr<RunnableStep> make_step(const StepContext& context, const IntegerStep& step) {
    switch (step.kind) {
        case IntegerStep::Kind::quantize:
            return make_quantize_step(context, step);
        case IntegerStep::Kind::gemm: {
            const auto& [rows, cols] = step.node.window;
            const bool gathers = step.node.groups > 1 || rows.dilation > 1 || cols.dilation > 1;
            return gathers ? make_grouped_gemm_step(context, step) : make_gemm_step(context, step);
        }
        case IntegerStep::Kind::pass:
            if (step.node.op == Op::max_pool) return make_max_pool_step(context, step);
            if (step.node.op == Op::shortcut_a) return make_shortcut_step(context, step);
            if (moves_channels(step.node)) return make_channels_step(context, step);
            return make_plain_step(context, step);
        case IntegerStep::Kind::mean:
            return make_mean_step(context, step);
        case IntegerStep::Kind::rescale:
            return make_rescale_step(context, step);
        case IntegerStep::Kind::apply:
            return make_plain_step(context, step);
    }
    return nullptr;
}

std::vector<float> multipliers_of(const IntegerValue& value) {
    if (!value.quantizer) return {};
    std::vector<float> multipliers;
    for (int c = 0; c < value.dims.c; ++c)
        multipliers.push_back(value.quantizer->multiplier_of(static_cast<std::size_t>(c)));
    return multipliers;
}

struct Worker {
    Buffer arena, sums, unpacked;
};

/// The graph's steps over one layout.
struct Program {
    Layout layout;
    std::vector<std::vector<float>> multipliers;  ///< StepContext's
    StepContext context;
    std::vector<std::unique_ptr<RunnableStep>> steps;

    Program(const IntegerGraph& graph, bool keep_all)
        : layout(make_layout(graph, keep_all)), context{kernels::active(), graph, layout, multipliers} {
        for (const IntegerValue& value : graph.values) multipliers.push_back(multipliers_of(value));
        for (const IntegerStep& step : graph.steps) steps.push_back(make_step(context, step));
    }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    void load(std::byte* arena, int slot, const float* image) const {
        const ValueLayout& in = layout.values.front();
        std::memcpy(arena + static_cast<std::size_t>(slot) * layout.bytes + in.offset, image, in.bytes());
    }
    void read_logits(const std::byte* arena, int slot, float* logits) const {
        const ValueLayout& out = layout.values[context.graph.steps.back().outputs.front()];
        std::memcpy(logits, arena + static_cast<std::size_t>(slot) * layout.bytes + out.offset, out.bytes());
    }
};

}  // namespace

struct IntegerExecutor::State {
    IntegerGraph graph;
    Program program;
    std::vector<Worker> workers;
    Buffer arenas;  ///< of the images that load() took
    std::size_t loaded = 0;

    // As many as there are threads now; more, if set_threads() asks for more later, are left idle.
    State(IntegerGraph given, bool keep_all)
        : graph(std::move(given)), program(graph, keep_all), workers(static_cast<std::size_t>(threads())) {}

    std::size_t together() const {
        return std::clamp<std::size_t>(kArenaBudget / std::max<std::size_t>(program.layout.bytes, 1), 1,
                                       kMaxTogether);
    }

    void run_alone(Worker& worker, const float* images, std::size_t count, float* logits) {
        const std::size_t size = graph.input_dims().size(),
                          classes = static_cast<std::size_t>(graph.classes());
        std::byte* arena = worker.arena.reserve(together() * program.layout.bytes);
        for (std::size_t i = 0; i < count; ++i) program.load(arena, static_cast<int>(i), images + i * size);
        const Share share{arena, static_cast<int>(count), 0, 1, worker.sums, worker.unpacked};
        for (const auto& step : program.steps) step->run(share);
        for (std::size_t i = 0; i < count; ++i)
            program.read_logits(arena, static_cast<int>(i), logits + i * classes);
    }

    void run_shared(const float* image, float* logits) {
        std::byte* arena = workers.front().arena.reserve(together() * program.layout.bytes);
        program.load(arena, 0, image);
        share_steps(arena, program.steps);
        program.read_logits(arena, 0, logits);
    }

    /// All workers share every step of the one image in `arena`.
    void share_steps(std::byte* arena, std::span<const std::unique_ptr<RunnableStep>> steps) {
        std::vector<std::exception_ptr> errors(workers.size());  // as out of memory; none may leave the team
        team(
            [&](int member, int size) {
                Worker& worker = workers[member];
                for (const auto& step : steps) {
                    try {
                        step->run({arena, 1, member, size, worker.sums, worker.unpacked});
                    } catch (...) {
                        errors[member] = std::current_exception();
                    }
                    team_barrier();
                }
            },
            static_cast<int>(workers.size()));
        for (const std::exception_ptr& error : errors)
            if (error) std::rethrow_exception(error);
    }

    /// How n images are shared: alone(worker, first, count) for those that one worker takes together, or
    /// shared(image) for each where there are fewer images than workers.
    template <class Alone, class Shared>
    void distribute(std::size_t n, Alone alone, Shared shared) {
        if (n < workers.size()) {
            for (std::size_t i = 0; i < n; ++i) shared(i);
            return;
        }
        // As many chunks for each worker, and of sizes that differ by one image at most.
        const std::size_t turns = (n + workers.size() * together() - 1) / (workers.size() * together());
        const std::size_t chunks = std::min(n, turns * workers.size());
        parallel_for(
            chunks,
            [&](std::size_t chunk, int worker) {
                const std::size_t first = chunk * n / chunks;
                alone(workers[worker], first, (chunk + 1) * n / chunks - first);
            },
            static_cast<int>(workers.size()));
    }
};

IntegerExecutor::IntegerExecutor(IntegerGraph graph, Keep keep) {
    graph.check();
    flush_denormals();
    state_ = std::make_unique<State>(std::move(graph), keep == Keep::values);
}

IntegerExecutor::~IntegerExecutor() = default;

int IntegerExecutor::workers() const {
    return static_cast<int>(state_->workers.size());
}

const IntegerGraph& IntegerExecutor::graph() const {
    return state_->graph;
}

std::size_t IntegerExecutor::arena_bytes() const {
    return state_->program.layout.bytes;
}

void IntegerExecutor::logits(std::span<const float> images, std::span<float> logits) {
    const std::size_t size = graph().input_dims().size(),
                      classes = static_cast<std::size_t>(graph().classes());
    const std::size_t n = images.size() / size;
    if (images.size() != n * size || logits.size() != n * classes)
        throw BadInput("IntegerExecutor::logits", "sizes of images and logits",
                       "n x " + std::to_string(size) + " and n x " + std::to_string(classes),
                       std::to_string(images.size()) + " and " + std::to_string(logits.size()));
    state_->distribute(
        n,
        [&](Worker& worker, std::size_t first, std::size_t count) {
            state_->run_alone(worker, images.data() + first * size, count, logits.data() + first * classes);
        },
        [&](std::size_t i) { state_->run_shared(images.data() + i * size, logits.data() + i * classes); });
}

void IntegerExecutor::load(std::span<const float> images) {
    const std::size_t size = graph().input_dims().size();
    if (images.size() % size != 0)
        throw BadInput("IntegerExecutor::load", "size of the images", "n x " + std::to_string(size),
                       std::to_string(images.size()));
    state_->loaded = images.size() / size;
    std::byte* arenas = state_->arenas.reserve(state_->loaded * arena_bytes());
    for (std::size_t i = 0; i < state_->loaded; ++i)
        state_->program.load(arenas, static_cast<int>(i), images.data() + i * size);
}

void IntegerExecutor::run_step(std::size_t step) {
    const std::span<const std::unique_ptr<RunnableStep>> steps = state_->program.steps;
    const auto arena = [&](std::size_t image) { return state_->arenas.data() + image * arena_bytes(); };
    state_->distribute(
        state_->loaded,
        [&](Worker& worker, std::size_t first, std::size_t count) {
            steps[step]->run({arena(first), static_cast<int>(count), 0, 1, worker.sums, worker.unpacked});
        },
        [&](std::size_t i) { state_->share_steps(arena(i), steps.subspan(step, 1)); });
}

std::vector<std::vector<float>> IntegerExecutor::values(std::span<const float> image, int worker) {
    const Program& program = state_->program;
    if (image.size() != graph().input_dims().size())
        throw BadInput("IntegerExecutor::values", "size of the image",
                       std::to_string(graph().input_dims().size()), std::to_string(image.size()));
    std::vector<float> logits(static_cast<std::size_t>(graph().classes()));
    state_->run_alone(state_->workers[worker], image.data(), 1, logits.data());
    const std::byte* arena = state_->workers[worker].arena.data();
    std::vector<std::vector<float>> all;
    for (std::size_t v = 0; v < program.layout.values.size(); ++v) {
        const ValueLayout& at = program.layout.values[v];
        const std::byte* base = arena + at.offset;
        std::vector<float>& out = all.emplace_back();
        for (int row = 0; row < at.dims.h; ++row)
            for (int i = 0; i < at.dims.w * at.dims.c; ++i) {
                const std::ptrdiff_t element = at.at(row, 0) + i;
                out.push_back(at.element == 4 ? reinterpret_cast<const float*>(base)[element]
                                              : static_cast<float>(std::to_integer<int>(base[element]) -
                                                                   zero_code(graph().values[v])));
            }
    }
    return all;
}

}  // namespace nibble
