// Cells of the experiment aqt with results that a test makes up.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/quant/aqt/method.hpp"
#include "experiments/aqt/methods.hpp"

namespace nibble::test {

/// Costs as the model has them for a network of which 1 % is in the first and last layer.
inline void set_cost(Result& r, const std::string& method, std::size_t macs) {
    const std::size_t ends = macs / 100;
    std::size_t a = 16, w = 16, end = 16;
    if (method != "bf16") {
        const aqt::Method m = aqt::method_from(method);
        w = static_cast<std::size_t>(m.weight_bits);
        a = m.activation_bits ? static_cast<std::size_t>(m.activation_bits) : 16;
        end = m.ends == aqt::Method::Ends::both_8 ? 8 : w;
    }
    r.cost.macs = macs;
    r.cost.linear = (macs - ends) * std::max(a, w) + ends * std::max(a == 16 ? a : end, end);
    r.cost.quadratic = (macs - ends) * a * w + ends * (a == 16 ? a : end) * end;
}

/// A grid of networks of 1, 2, 4, ... million multiplications, filled one result at a time.
class Synthetic {
  public:
    Synthetic(const std::vector<std::string>& networks, const std::vector<std::string>& methods,
              std::size_t seeds = 1) {
        for (const std::string& network : networks) {
            macs_[network] = std::size_t{1000000} << macs_.size();
            for (const std::string& method : methods) add(network, method, seeds);
        }
    }

    void add(const std::string& network, const std::string& method, std::size_t seeds) {
        for (std::size_t seed = 0; seed < seeds; ++seed)
            cells_.push_back({{"aqt", network, "glyphs", method, seed}, {}});
    }

    Synthetic& set(const std::string& network, const std::string& method, const std::vector<double>& top1,
                   double train_top1 = 95) {
        for (ReportedCell& c : cells_) {
            if (c.cell.model != network || c.cell.method != method || c.cell.seed >= top1.size()) continue;
            Result r;
            r.cell = c.cell.name();
            r.eval = {top1[c.cell.seed], 0, 0.3, 0};
            r.train = {train_top1, 0, 0.1, 0};
            for (int epoch = 1; epoch <= epochs_; ++epoch) r.history.push_back({epoch, 0, train_top1, {}});
            r.history.back().eval_top1 = r.eval.top1;
            set_cost(r, method, macs_.at(network));
            c.result = r;
        }
        return *this;
    }

    /// Of the results that are set from now on.
    Synthetic& train_for(int epochs) {
        epochs_ = epochs;
        return *this;
    }

    const std::vector<ReportedCell>& reported() const { return cells_; }
    ResultTable table() const { return {"quick", cells_}; }

  private:
    int epochs_ = 2;
    std::map<std::string, std::size_t> macs_;
    std::vector<ReportedCell> cells_;
};

inline const std::vector<std::string> kCurves{"bf16", "w8a8", "w4a4e8", "w4a4"};

}  // namespace nibble::test
