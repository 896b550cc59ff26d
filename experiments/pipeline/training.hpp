// One training run from configuration to weights, resumable to the same bits at any step.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/error.hpp"
#include "experiments/pipeline/config.hpp"
#include "experiments/pipeline/data.hpp"
#include "experiments/pipeline/evaluation.hpp"
#include "experiments/pipeline/files/model.hpp"
#include "experiments/support/progress.hpp"

namespace nibble {

struct EpochRecord {
    int epoch = 0;          ///< from 1
    double loss = 0;        ///< mean over the steps, label smoothing included
    double train_top1 = 0;  ///< percent, of augmented images, each measured just before its step
    /// Percent, of the test images after the epoch, executed as deploy() does; of a network in quantized
    /// training not before its activations are.
    std::optional<double> eval_top1;
};

/// Fields in JSON (experiments/support/json_fields.hpp).
template <class Archive>
void fields(Archive& a, EpochRecord& e) {
    a.field("epoch", e.epoch, 1, 1000000);
    a.field("loss", e.loss, 0, kMostLoss);
    a.field("train_top1", e.train_top1, 0, 100);
    a.field("eval_top1", e.eval_top1, 0, 100);
}

/// How a run is carried out; nothing here changes its bits.
struct RunControl {
    std::filesystem::path checkpoint;  ///< empty: none. Resumed from when it exists, written again at the end
    double checkpoint_minutes = 5;     ///< 0: after every step
    std::size_t stop_after = 0;        ///< steps in total, earlier processes included; 0: all epochs
    ProgressMode progress = ProgressMode::automatic;
    std::string label = "train";
};

struct TrainedNetwork {
    Weights weights;
    Weights quantizer_state;           ///< empty unless it was trained quantized (deploy() takes it)
    std::vector<EpochRecord> history;  ///< of complete epochs, then of the one begun, if any
    std::size_t steps = 0, steps_of_all_epochs = 0;
    std::optional<Normalization> normalization;  ///< of the images it saw, if not the data set's own
};

/// The checkpoint is damaged, of another run, or past stop_after: delete it to start again.
class CheckpointRefused : public BadInput {
  public:
    explicit CheckpointRefused(std::string why)
        : BadInput(why + "; delete it to start again"), why_(std::move(why)) {}
    const std::string& why() const { return why_; }

  private:
    std::string why_;
};

/// Throws CheckpointRefused, Interrupted at SIGINT or SIGTERM once the checkpoint is written, and what Trainer
/// throws. `start`: the weights that fine-tuning
/// goes on from (checked against the graph), and the normalization they want.
TrainedNetwork train(const TrainConfig& config, const Graph& graph, const Data& data,
                     const RunControl& control, const WeightsFile* start = nullptr);

/// What files of a trained network say of it: model, numerics, how images become inputs, configuration.
Metadata metadata_of(const TrainConfig& config, const Data& data, const TrainedNetwork& network);

}  // namespace nibble
