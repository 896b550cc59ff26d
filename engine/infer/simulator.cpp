#include "engine/infer/simulator.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "engine/core/error.hpp"
#include "engine/core/math.hpp"
#include "engine/core/parallel.hpp"
#include "engine/kernels/dispatch.hpp"
#include "engine/kernels/packing.hpp"
#include "engine/nn/ops/op.hpp"

namespace nibble {
namespace {

using Values = std::vector<std::vector<float>>;

constexpr std::int64_t kExact = std::int64_t{1} << 24;  ///< floats hold every integer up to here
constexpr std::size_t kSlack = 64;                      ///< floats that a GEMM may read past a run

/// Terms of a layer's sums that one float GEMM adds up exactly.
struct Piece {
    int group, k, length;
    std::vector<std::size_t> kernels;  ///< as QuantizedWeights counts them
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

/// What follows a GEMM or a rescaled value: residual, clamp, codes.
void epilogue(const IntegerGraph& graph, const IntegerStep& step, std::size_t at, float v, Values& values) {
    if (step.residual >= 0) v += real(graph.values[step.residual], values[step.residual][at]);
    store(graph, step, at, step.node.clamp(v), values);
}

class SimulatedGemm {
  public:
    SimulatedGemm(const IntegerGraph& graph, const IntegerStep& step)
        : graph_(graph),
          step_(step),
          in_(graph.values[step.inputs[0]].dims),
          out_(graph.values[step.outputs[0]].dims),
          inputs_(in_.c / step.node.groups),
          length_(step.node.window.taps() * inputs_) {
        const Scheme& scheme = graph.values[step.inputs[0]].quantizer->scheme;
        const std::int64_t code = std::max(std::abs(scheme.lowest()), scheme.highest());
        const int longest = largest_sum(code) < kExact ? length_ : static_cast<int>(kExact / (code * 128));
        for (int group = 0; group < step.node.groups; ++group)
            for (int k = 0; k < length_; k += longest) add_piece(group, k, std::min(longest, length_ - k));
    }

    void run(Values& values) const {
        const auto pixels = static_cast<std::size_t>(out_.h) * static_cast<std::size_t>(out_.w),
                   kernels = step_.weights.term_channels();
        std::vector<std::int32_t> sums(pixels * kernels, 0);
        std::vector<float> gathered, part;
        int group = -1;
        for (const Piece& piece : pieces_) {
            if (piece.group != group) gathered = gather(values[step_.inputs[0]], piece.group);
            group = piece.group;
            const std::size_t own = piece.kernels.size();
            part.resize(pixels * own);
            kernels::Gemm q{};
            q.operand = gathered.data() + piece.k;
            q.pixels = {out_.h, out_.w, static_cast<std::ptrdiff_t>(out_.w) * length_, length_};
            q.runs = 1;
            q.run_length = piece.length;
            q.weights = piece.weights.from_run(0);
            q.panel_stride = piece.weights.panel_stride();
            q.channels = static_cast<int>(own);
            q.out = part.data();
            q.out_col_stride = q.channels;
            q.out_row_stride = static_cast<std::ptrdiff_t>(out_.w) * q.channels;
            kernels::active().gemm_f32(q);
            for (std::size_t i = 0; i < part.size(); ++i)
                sums[i / own * kernels + piece.kernels[i % own]] += static_cast<std::int32_t>(part[i]);
        }
        const std::size_t channels = step_.weights.outputs();
        std::vector<float> real_sums(channels);
        for (std::size_t pixel = 0; pixel < pixels; ++pixel) {
            scale_sums(sums.data() + pixel * kernels, real_sums);
            for (std::size_t c = 0; c < channels; ++c)
                epilogue(graph_, step_, pixel * channels + c, real_sums[c], values);
        }
    }

  private:
    /// [pixel][kh, kw, i]: what each output sees of a group's channels.
    std::vector<float> gather(const std::vector<float>& image, int group) const {
        std::vector<float> matrix(static_cast<std::size_t>(out_.h) * static_cast<std::size_t>(out_.w) *
                                          static_cast<std::size_t>(length_) +
                                      kSlack,
                                  0.0f);
        const auto& [rows, cols] = step_.node.window;
        float* to = matrix.data();
        for (int r = 0; r < out_.h; ++r)
            for (int c = 0; c < out_.w; ++c, to += length_) {
                const Interval taps_i = rows.taps(r, in_.h), taps_j = cols.taps(c, in_.w);
                for (int i = taps_i.begin; i < taps_i.end; ++i)
                    for (int j = taps_j.begin; j < taps_j.end; ++j)
                        std::copy_n(
                            image.data() +
                                (static_cast<std::ptrdiff_t>(rows.source(r, i)) * in_.w + cols.source(c, j)) *
                                    in_.c +
                                group * inputs_,
                            inputs_, to + (i * cols.kernel + j) * inputs_);
            }
        return matrix;
    }

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
        for (std::size_t k = 0; k < w.term_channels(); ++k) {
            std::int64_t magnitude = 0;
            for (std::size_t i = 0; i < size; ++i) magnitude += std::abs(w.product_of(k * size + i));
            largest = std::max(largest, magnitude * code);
        }
        return largest;
    }

    /// The kernels of the outputs [group * n, (group + 1) * n), then those of their extra terms, which ascend.
    std::vector<std::size_t> kernels_of_group(int group) const {
        const QuantizedWeights& w = step_.weights;
        const std::size_t n = w.outputs() / static_cast<std::size_t>(step_.node.groups),
                          first = static_cast<std::size_t>(group) * n;
        std::vector<std::size_t> kernels;
        for (std::size_t o = first; o < first + n; ++o) kernels.push_back(o);
        std::size_t next = w.outputs();
        for (const ExtraTerm& term : w.extra) {
            for (auto at = std::ranges::lower_bound(term.outputs, first);
                 at != term.outputs.end() && *at < first + n; ++at)
                kernels.push_back(next + static_cast<std::size_t>(at - term.outputs.begin()));
            next += term.outputs.size();
        }
        return kernels;
    }

    void add_piece(int group, int k, int length) {
        const QuantizedWeights& w = step_.weights;
        Piece piece{group, k, length, kernels_of_group(group), {}};
        piece.weights = {kernels::active(), false, 1, length, static_cast<int>(piece.kernels.size())};
        const int taps = step_.node.window.taps();
        std::vector<float> matrix;
        for (int j = k; j < k + length; ++j)
            for (const std::size_t kernel : piece.kernels) {
                const auto at =
                    (kernel * static_cast<std::size_t>(inputs_) + j % inputs_) * taps + j / inputs_;
                matrix.push_back(static_cast<float>(w.product_of(at)));
            }
        piece.weights.pack(matrix);
        pieces_.push_back(std::move(piece));
    }

    const IntegerGraph& graph_;
    const IntegerStep& step_;
    Dims in_, out_;
    int inputs_, length_;  ///< channels of a group, and terms of a sum
    std::vector<Piece> pieces_;
};

void simulate_quantize(const IntegerGraph& graph, const IntegerStep& step, Values& values) {
    for (std::size_t i = 0; i < values[step.inputs[0]].size(); ++i)
        store(graph, step, i, values[step.inputs[0]][i], values);
}

/// An operation that hands on codes does with them what it does with floats.
void simulate_pass(const IntegerGraph& graph, const IntegerStep& step, Values& values) {
    std::vector<OpInput> in;
    for (int v : step.inputs) in.push_back({values[v].data(), graph.values[v].dims});
    const Node node = complete_node(graph, step);
    operation(node.op).forward(node, in, {}, values[step.outputs[0]].data());
}

void simulate_apply(const IntegerGraph& graph, const IntegerStep& step, Values& values) {
    Values reals;
    std::vector<OpInput> in;
    for (int v : step.inputs) {
        std::vector<float>& x = reals.emplace_back();
        for (const float stored : values[v]) x.push_back(real(graph.values[v], stored));
    }
    for (std::size_t k = 0; k < step.inputs.size(); ++k)
        in.push_back({reals[k].data(), graph.values[step.inputs[k]].dims});
    const Node node = complete_node(graph, step);
    std::vector<float> out(node.out.size());
    operation(node.op).forward(node, in, {}, out.data());
    for (std::size_t i = 0; i < out.size(); ++i) store(graph, step, i, out[i], values);
}

void simulate_rescale(const IntegerGraph& graph, const IntegerStep& step, Values& values) {
    const IntegerValue& input = graph.values[step.inputs[0]];
    for (std::size_t i = 0; i < input.dims.size(); ++i) {
        float v = real(input, values[step.inputs[0]][i]);
        const std::size_t c = i % static_cast<std::size_t>(input.dims.c);
        if (!step.scale.empty()) v = std::fma(v, step.scale[c], step.shift[c]);
        epilogue(graph, step, i, v, values);
    }
}

/// Of codes, the sum of the codes is exact.
void simulate_mean(const IntegerGraph& graph, const IntegerStep& step, Values& values) {
    const IntegerValue& input = graph.values[step.inputs[0]];
    const Dims in = input.dims, out = graph.values[step.outputs[0]].dims;
    for (int r = 0; r < out.h; ++r)
        for (int c = 0; c < out.w; ++c) {
            int inside = 0;
            for_pixels(step.node.window, in, r, c, [&](int, int) { ++inside; });
            const auto n = static_cast<float>(step.node.count_padding ? step.node.window.taps() : inside);
            for (int i = 0; i < out.c; ++i) {
                float sum = 0;
                for_pixels(step.node.window, in, r, c, [&](int row, int col) {
                    sum += values[step.inputs[0]][(static_cast<std::size_t>(row) * in.w + col) * in.c + i];
                });
                store(graph, step, (static_cast<std::size_t>(r) * out.w + c) * out.c + i,
                      real(input, sum) / n, values);
            }
        }
}

}  // namespace

struct Simulator::State {
    IntegerGraph graph;
    std::vector<std::unique_ptr<SimulatedGemm>> gemms;  ///< one per step, null for other steps
};

Simulator::Simulator(IntegerGraph graph) : state_(std::make_unique<State>()) {
    graph.check();
    flush_denormals();
    state_->graph = std::move(graph);
    for (const IntegerStep& step : state_->graph.steps)
        state_->gemms.push_back(step.kind == IntegerStep::Kind::gemm
                                    ? std::make_unique<SimulatedGemm>(state_->graph, step)
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
        switch (step.kind) {
            case IntegerStep::Kind::quantize:
                simulate_quantize(graph, step, values);
                break;
            case IntegerStep::Kind::gemm:
                state_->gemms[s]->run(values);
                break;
            case IntegerStep::Kind::pass:
                simulate_pass(graph, step, values);
                break;
            case IntegerStep::Kind::mean:
                simulate_mean(graph, step, values);
                break;
            case IntegerStep::Kind::rescale:
                simulate_rescale(graph, step, values);
                break;
            case IntegerStep::Kind::apply:
                simulate_apply(graph, step, values);
                break;
        }
    }
    return values;
}

}  // namespace nibble
