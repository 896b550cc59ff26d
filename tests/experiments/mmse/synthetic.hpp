// Cells of the experiment mmse with results that a test makes up.
#pragma once

#include <string>
#include <vector>

#include "experiments/mmse/methods.hpp"
#include "tests/helpers/results.hpp"

namespace nibble::test {

/// A grid filled one result at a time.
class MmseCells {
  public:
    MmseCells(const std::vector<std::string>& networks, const std::vector<std::string>& methods,
              std::size_t draws = 1) {
        for (const std::string& network : networks)
            for (const std::string& method : methods)
                for (std::size_t seed = 0; seed < (mmse::method_from(method).calibrates() ? draws : 1);
                     ++seed)
                    cells_.push_back({{"mmse", network, "glyphs", method, seed}, {}});
    }

    /// A network of three layers; the error is that of the middle one's weights.
    MmseCells& set(const std::string& network, const std::string& method, const std::vector<double>& top1,
                   double error = 0.01) {
        for (ReportedCell& c : cells_) {
            if (c.cell.model != network || c.cell.method != method || c.cell.seed >= top1.size()) continue;
            const mmse::Method m = mmse::method_from(method);
            Result r;
            r.cell = c.cell.name();
            r.eval.top1 = top1[c.cell.seed];
            r.correct = first_correct(r.eval.top1);
            Result::Quantization& q = r.quantization.emplace();
            if (m.calibrates()) q.calibration = {"train", static_cast<std::size_t>(m.images), ""};
            const double extra = m.dual_percent / 100.0;
            q.product_overhead = 1 + extra;
            q.bits_per_weight = m.quantizes_weights() ? (1 + extra) * m.weight_bits : 32;
            if (m.solver == mmse::Solver::grid) q.curves["middle"] = {{0.5, 0.1}, {1.0, 1.0}};
            if (m.dual_percent > 0) q.facts["tau"] = 0.02;
            if (m.quantizes_weights() && m.quantizes_activations()) q.file_bytes = 2048;
            for (const char* name : {"first", "middle", "last"}) {
                Result::Quantization::Layer layer;
                layer.name = name;
                if (m.quantizes_weights()) layer.weights = "s4-pc";
                layer.weight_error = layer.name == "middle" ? error : 0.5;
                q.layers.push_back(layer);
            }
            c.result = r;
        }
        return *this;
    }

    const std::vector<ReportedCell>& reported() const { return cells_; }
    ResultTable table() const { return {"quick", cells_}; }

  private:
    std::vector<ReportedCell> cells_;
};

}  // namespace nibble::test
