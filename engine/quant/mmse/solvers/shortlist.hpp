// Many scales to choose the best from: all are estimated in plain doubles, and only those that may be the
// best after all are evaluated with care. The choice is the one that evaluating all of them would make.
#pragma once

#include <algorithm>
#include <vector>

#include "engine/quant/mmse/solvers/problem.hpp"

namespace nibble::mmse {

class Shortlist {
  public:
    /// `first` is evaluated already.
    Shortlist(const Distribution& t, Codes codes, Scale first)
        : t_(t), codes_(codes), first_(first), reached_(first.error) {}

    Estimate add(float alpha) {
        const Estimate e = estimate(t_, codes_, alpha);
        reached_ = std::min(reached_, e.error + e.uncertainty);
        if (!(e.error - e.uncertainty > reached_)) candidates_.push_back({alpha, e});
        return e;
    }
    /// No candidate with an error above this is the best.
    double reached() const { return reached_; }

    Scale best() const {
        Scale best = first_;
        for (const auto& [alpha, e] : candidates_) {
            if (e.error - e.uncertainty > reached_) continue;
            const Scale scale = evaluate(t_, codes_, alpha);
            if (better(scale, best)) best = scale;
        }
        return best;
    }

  private:
    struct Candidate {
        float alpha;
        Estimate estimate;
    };
    const Distribution& t_;
    Codes codes_;
    Scale first_;
    double reached_;
    std::vector<Candidate> candidates_;
};

}  // namespace nibble::mmse
