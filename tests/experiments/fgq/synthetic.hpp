// Cells of the experiment fgq with results that a test makes up.
#pragma once

#include <string>
#include <vector>

#include "experiments/fgq/methods.hpp"
#include "tests/helpers/results.hpp"

namespace nibble::test {

class Ternary {
  public:
    /// One draw of each method, or three of those in `drawn`.
    Ternary(const std::vector<std::string>& networks, const std::vector<std::string>& methods,
            const std::vector<std::string>& drawn = {}) {
        std::size_t macs = 1000000;
        for (const std::string& network : networks) {
            macs_[network] = macs *= 2;
            for (const std::string& method : methods) add(network, method, 1);
            for (const std::string& method : drawn) add(network, method, 3);
        }
    }

    Ternary& set(const std::string& network, const std::string& method, const std::vector<double>& top1,
                 const std::map<std::string, double>& facts = {}) {
        for (ReportedCell& c : cells_) {
            if (c.cell.model != network || c.cell.method != method || c.cell.seed >= top1.size()) continue;
            Result r;
            r.cell = c.cell.name();
            r.eval.top1 = top1[c.cell.seed];
            r.correct = first_correct(r.eval.top1);
            r.cost.macs = macs_.at(network);
            Result::Quantization& q = r.quantization.emplace();
            q.facts = facts;
            q.calibration = {"train", 1000, ""};
            q.bits_per_weight = 4.09;
            c.result = r;
        }
        return *this;
    }

    const std::vector<ReportedCell>& reported() const { return cells_; }
    ResultTable table() const { return {"quick", cells_}; }

  private:
    void add(const std::string& network, const std::string& method, std::uint64_t draws) {
        for (std::uint64_t seed = 0; seed < draws; ++seed)
            cells_.push_back({{"fgq", network, "glyphs", method, seed}, {}});
    }

    std::map<std::string, std::size_t> macs_;
    std::vector<ReportedCell> cells_;
};

}  // namespace nibble::test
