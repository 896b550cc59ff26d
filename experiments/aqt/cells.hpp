// The cells of one profile by network, method and seed, and what tables, plots and claims take from them.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "experiments/reports/comparison.hpp"
#include "experiments/reports/report.hpp"

namespace nibble::aqt {

/// The method that quantizes nothing.
inline const std::string kFloat = "bf16";

/// bf16 and what quantizes weights and activations with no setting changed: the methods of the cost-accuracy
/// curves. The others are ablations.
bool on_curve(const std::string& method);

/// What an ablation is compared with: the method with one of its settings put back (bounds, their
/// granularity, start, half shift), bf16 for weights alone, 8 bits in the first and last layer for those that
/// have fewer. `known` are the methods there are: where the first choice is not among them, the next is
/// taken. Nothing for bf16 and for methods without a difference.
std::optional<std::string> base_of(const std::string& method, const std::vector<std::string>& known);

/// What an ablation changes, in a few words: "one bound per tensor".
std::string difference_of(const std::string& method);

/// What is asked of a result; one may not have it.
using Quantity = std::function<std::optional<double>(const Result&)>;

double top1(const Result& result);
double train_top1(const Result& result);
double gap(const Result& result);  ///< training top-1 on clean images minus test top-1
double augmented_gap(
    const Result& result);              ///< training top-1 on augmented batches of the last epoch minus test
double loss_gap(const Result& result);  ///< test loss minus training loss on clean images, in nats
std::size_t epochs(const Result& result);  ///< of training
std::optional<double> smoothed(const Result& result);

enum class CostModel { linear, quadratic };

double cost_of(const Result& result, CostModel model);
/// What the same network costs in bf16, where every product has 16 bits in both operands.
double bf16_cost(const Result& result, CostModel model);

class Cells {
  public:
    /// Throws BadInput when the cells are of more than one data set, which no curve may mix.
    Cells(const std::string& profile, const std::vector<ReportedCell>& cells);

    const std::string& profile() const { return profile_; }
    const std::string& data() const { return data_; }
    /// As the grid lists them, with results or without.
    const std::vector<std::string>& networks() const { return networks_; }
    const std::vector<std::string>& methods() const { return methods_; }
    bool in_grid(const std::string& network, const std::string& method) const;

    const Result* find(const std::string& network, const std::string& method, std::uint64_t seed) const;
    /// By seed.
    std::vector<const Result*> results(const std::string& network, const std::string& method) const;
    /// Of each seed that has both, a minus b.
    std::vector<double> differences(const std::string& network, const std::string& a, const std::string& b,
                                    const Quantity& of) const;

    /// The networks with results of all these methods.
    std::vector<std::string> networks_with(const std::vector<std::string>& methods) const;
    /// The sum of factors times means over seeds. Its variance adds up that of the seeds, pooled over all networks
    /// and methods of the profile, sum_k factor_k^2 s^2 / n_k, and, of accuracies on the test images, that of the
    /// images. Nothing if a cell has no result or its result not the quantity.
    std::optional<Estimate> estimate(const Terms& terms, const Quantity& of = top1,
                                     bool test_images = true) const;
    /// a minus b, mean over the networks that have both.
    Figure compared(const std::string& a, const std::string& b, double low,
                    double high = std::numeric_limits<double>::infinity()) const;
    /// The largest network with a result of bf16, else of anything, by multiplications: costs in plots are relative
    /// to it. Empty without results.
    std::string reference() const;

  private:
    using Place = std::tuple<std::string, std::string>;  // network, method

    std::string profile_, data_;
    std::vector<std::string> networks_, methods_;
    std::vector<std::uint64_t> seeds_;
    std::map<Place, std::map<std::uint64_t, Result>> results_;  // of all cells of the grid
};

/// Of each result that has it.
std::vector<double> each(const std::vector<const Result*>& results, const Quantity& of);

}  // namespace nibble::aqt
