#include "engine/infer/simulator.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "engine/core/error.hpp"
#include "engine/core/math.hpp"
#include "engine/core/parallel.hpp"
#include "engine/kernels/dispatch.hpp"
#include "engine/kernels/packing.hpp"
#include "engine/nn/op.hpp"

namespace nibble {
namespace {

using Values = std::vector<std::vector<float>>;

constexpr std::int64_t kExact = std::int64_t{1} << 24;  ///< floats hold every integer up to here
constexpr std::size_t kSlack = 64;                      ///< floats that products may read past a run

/// Terms of a layer's sums that one float product adds up exactly.
struct Piece {
    int run, runs, k, length;
    kernels::PackedWeights weights;
};

/// The value that a stored float stands for; not for codes by channel.
float real(const IntegerValue& value, float stored) {
    return value.quantizer ? stored * value.quantizer->step : stored;
}

/// Stores v in each output, as a code or as it is.
void store(const IntegerGraph& graph, const IntegerStep& step, std::size_t at, float v, Values& values) {
    for (int output : step.outputs) {
        const auto& [dims, quantizer] = graph.values[output];
        const std::size_t channel = at % static_cast<std::size_t>(dims.c);
        values[output][at] = quantizer ? static_cast<float>(code_of(*quantizer, v, channel)) : v;
    }
}

class SimulatedProduct {
  public:
    SimulatedProduct(const IntegerGraph& graph, const IntegerStep& step)
        : graph_(graph),
          step_(step),
          in_(graph.values[step.input].dims),
          out_(graph.values[step.outputs[0]].dims) {
        const Scheme& scheme = graph.values[step.input].quantizer->scheme;
        kernels_ = static_cast<int>(step.weights.kernels());
        const std::int64_t code = std::max(std::abs(scheme.lowest()), scheme.highest());
        const int runs = step.window.rows.kernel, length = step.window.cols.kernel * in_.c;
        if (largest_sum(code) < kExact) {
            add_piece(0, runs, 0, length);
            return;
        }
        const int longest = static_cast<int>(kExact / (code * 128));
        for (int run = 0; run < runs; ++run)
            for (int k = 0; k < length; k += longest) add_piece(run, 1, k, std::min(longest, length - k));
    }

    void run(Values& values) const {
        const auto& [rows, cols] = step_.window;
        const std::ptrdiff_t row_stride = static_cast<std::ptrdiff_t>(cols.extent(out_.w, in_.w)) * in_.c;
        std::vector<float> operand(static_cast<std::size_t>(rows.extent(out_.h, in_.h) * row_stride) + kSlack,
                                   0.0f);
        for (int r = 0; r < in_.h; ++r)
            std::copy_n(values[step_.input].data() + static_cast<std::ptrdiff_t>(r) * in_.w * in_.c,
                        in_.w * in_.c,
                        operand.data() + (r + rows.before) * row_stride +
                            static_cast<std::ptrdiff_t>(cols.before) * in_.c);

        const auto pixels = static_cast<std::size_t>(out_.h) * static_cast<std::size_t>(out_.w),
                   kernels = static_cast<std::size_t>(kernels_);
        std::vector<float> part(pixels * kernels);
        std::vector<std::int32_t> sums(part.size(), 0);
        for (const Piece& piece : pieces_) {
            kernels::Product q{};
            q.operand = operand.data() + piece.run * row_stride + piece.k;
            q.pixels = {out_.h, out_.w, row_stride * rows.stride,
                        static_cast<std::ptrdiff_t>(in_.c) * cols.stride};
            q.runs = piece.runs;
            q.run_stride = row_stride;
            q.run_length = piece.length;
            q.weights = piece.weights.from_run(0);
            q.panel_stride = piece.weights.panel_stride();
            q.channels = kernels_;
            q.out = part.data();
            q.out_col_stride = kernels_;
            q.out_row_stride = static_cast<std::ptrdiff_t>(out_.w) * kernels_;
            kernels::active().product_f32(q);
            for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += static_cast<std::int32_t>(part[i]);
        }
        const std::size_t channels = step_.weights.outputs();
        std::vector<float> real_sums(channels);
        for (std::size_t pixel = 0; pixel < pixels; ++pixel) {
            scale_sums(sums.data() + pixel * kernels, real_sums);
            for (std::size_t c = 0; c < channels; ++c) {
                const std::size_t i = pixel * channels + c;
                float v = real_sums[c];
                if (step_.residual >= 0) v += real(graph_.values[step_.residual], values[step_.residual][i]);
                store(graph_, step_, i, step_.clamp(v), values);
            }
        }
    }

  private:
    /// The sums of one pixel, of all kernels, to numbers by channel.
    void scale_sums(const std::int32_t* sums, std::vector<float>& v) const {
        for (std::size_t c = 0; c < v.size(); ++c)
            v[c] = std::fma(static_cast<float>(sums[c]), step_.scale[c], step_.shift[c]);
        const std::int32_t* sum = sums + v.size();
        for (std::size_t e = 0; e < step_.weights.extra.size(); ++e)
            for (std::size_t j = 0; j < step_.extra_scale[e].size(); ++j, ++sum) {
                const std::uint32_t c = step_.weights.extra[e].outputs[j];
                v[c] = std::fma(static_cast<float>(*sum), step_.extra_scale[e][j], v[c]);
            }
    }

    std::int64_t largest_sum(std::int64_t code) const {
        const QuantizedWeights& w = step_.weights;
        const std::size_t size = w.codes.size() / w.outputs();
        std::int64_t largest = 0;
        for (std::size_t k = 0; k < w.kernels(); ++k) {
            std::int64_t magnitude = 0;
            for (std::size_t i = 0; i < size; ++i) magnitude += std::abs(w.product_of(k * size + i));
            largest = std::max(largest, magnitude * code);
        }
        return largest;
    }

    void add_piece(int run, int runs, int k, int length) {
        Piece piece{run, runs, k, length, {kernels::active(), false, runs, length, kernels_}};
        std::vector<float> matrix;
        for (int r = run; r < run + runs; ++r)
            for (int j = k; j < k + length; ++j)
                for (int o = 0; o < kernels_; ++o) {
                    const int input = j % in_.c, tap = r * step_.window.cols.kernel + j / in_.c;
                    const int taps = step_.window.taps();
                    const auto at = (static_cast<std::size_t>(o) * in_.c + input) * taps + tap;
                    matrix.push_back(static_cast<float>(step_.weights.product_of(at)));
                }
        piece.weights.pack(matrix);
        pieces_.push_back(std::move(piece));
    }

    const IntegerGraph& graph_;
    const IntegerStep& step_;
    Dims in_, out_;
    int kernels_ = 0;  ///< more than channels where weights are sums
    std::vector<Piece> pieces_;
};

void simulate_quantize(const IntegerGraph& graph, const IntegerStep& step, Values& values) {
    for (std::size_t i = 0; i < values[step.input].size(); ++i)
        store(graph, step, i, values[step.input][i], values);
}

/// An operation that hands on codes of its input does with them what it does with floats.
void simulate_passing(const IntegerGraph& graph, const IntegerStep& step, Op op, Values& values) {
    const int to = step.outputs[0];
    const Dims out = graph.values[to].dims;
    const Node node{.op = op,
                    .name = {},
                    .inputs = {},
                    .out = out,
                    .window = step.window,
                    .channels = out.c,
                    .stride = step.stride};
    const OpInput in{values[step.input].data(), graph.values[step.input].dims};
    operation(op).forward(node, {&in, 1}, {}, values[to].data());
}

/// Of codes, the sum of the codes is exact.
void simulate_average(const IntegerGraph& graph, const IntegerStep& step, Values& values) {
    const IntegerValue& input = graph.values[step.input];
    const Dims in = input.dims, out = graph.values[step.outputs[0]].dims;
    for (int r = 0; r < out.h; ++r)
        for (int c = 0; c < out.w; ++c)
            for (int i = 0; i < out.c; ++i) {
                float sum = 0;
                for_pixels(step.window, in, r, c, [&](int row, int col) {
                    sum += values[step.input][(static_cast<std::size_t>(row) * in.w + col) * in.c + i];
                });
                store(graph, step, (static_cast<std::size_t>(r) * out.w + c) * out.c + i,
                      real(input, sum) / static_cast<float>(step.window.taps()), values);
            }
}

}  // namespace

struct Simulator::State {
    IntegerGraph graph;
    std::vector<std::unique_ptr<SimulatedProduct>> products;  ///< one per step, null for other steps
};

Simulator::Simulator(IntegerGraph graph) : state_(std::make_unique<State>()) {
    graph.check();
    flush_denormals();
    state_->graph = std::move(graph);
    for (const IntegerStep& step : state_->graph.steps)
        state_->products.push_back(step.op == IntegerStep::Op::product
                                       ? std::make_unique<SimulatedProduct>(state_->graph, step)
                                       : nullptr);
}

Simulator::~Simulator() = default;

std::vector<std::vector<float>> Simulator::values(std::span<const float> image) const {
    const IntegerGraph& graph = state_->graph;
    if (image.size() != graph.input_dims().size())
        throw BadInput("Simulator::values", "size of the image", std::to_string(graph.input_dims().size()),
                       std::to_string(image.size()));
    Values values;
    for (const IntegerValue& value : graph.values) values.emplace_back(value.dims.size(), 0.0f);
    values[0].assign(image.begin(), image.end());
    for (std::size_t s = 0; s < graph.steps.size(); ++s) {
        const IntegerStep& step = graph.steps[s];
        switch (step.op) {
            case IntegerStep::Op::quantize:
                simulate_quantize(graph, step, values);
                break;
            case IntegerStep::Op::product:
                state_->products[s]->run(values);
                break;
            case IntegerStep::Op::shortcut:
                simulate_passing(graph, step, Op::shortcut_a, values);
                break;
            case IntegerStep::Op::max_pool:
                simulate_passing(graph, step, Op::max_pool, values);
                break;
            case IntegerStep::Op::avg_pool:
                simulate_average(graph, step, values);
                break;
        }
    }
    return values;
}

}  // namespace nibble
