#include "experiments/pipeline/training.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "datasets/prefetch.hpp"
#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/quant/calibration/calibration.hpp"
#include "experiments/pipeline/calibration.hpp"
#include "experiments/pipeline/deployment.hpp"
#include "experiments/support/interrupt.hpp"
#include "experiments/support/json_fields.hpp"

namespace nibble {

namespace {

/// What a run has measured so far; travels in the checkpoint.
struct Measured {
    std::string run;  // of these settings and data
    std::vector<EpochRecord> history = {};
    double loss_sum = 0;  // of the epoch that is under way, added up step by step
    std::size_t correct = 0, steps = 0;
};

template <class Archive>
void fields(Archive& a, Measured& m) {
    a.derived("run", m.run, "this one: checkpoint of another run (other settings or data)");
    a.field("history", m.history);
    a.field("loss_sum", m.loss_sum);
    a.field("correct", m.correct);
    a.field("steps", m.steps);
}

class Run {
  public:
    Run(const TrainConfig& config, const Graph& graph, const Data& data, const RunControl& control,
        const WeightsFile* start)
        : config_(config),
          graph_(graph),
          data_(data),
          control_(control),
          normalization_(start ? start->normalization("parent " + config.parent) : std::nullopt),
          loader_(*data.train, loading(config, normalization_)),
          batches_(loader_),
          per_epoch_(loader_.steps_per_epoch()),
          total_(per_epoch_ * static_cast<std::size_t>(config.recipe.epochs)),
          stop_(control.stop_after ? std::min(control.stop_after, total_) : total_),
          layers_(quantizer(start)),
          trainer_(graph, config.numerics, config.recipe, per_epoch_, config.seed, layers_.get()),
          progress_(control.progress, control.label, stop_ * static_cast<std::size_t>(config.recipe.batch),
                    "images"),
          now_{.run = identity_of(config, data, start)} {
        if (start) trainer_.set_weights(start->weights);
    }

    TrainedNetwork all() {
        resume();
        try {
            advance();
        } catch (const Interrupted& e) {
            save();
            const std::string saved =
                control_.checkpoint.empty()
                    ? "no checkpoint was asked for"
                    : "run the same command again to go on from " + control_.checkpoint.string();
            throw Interrupted(
                fmt::format("interrupted after {} of {} steps; {}", trainer_.steps_done(), stop_, saved),
                e.signal());
        }
        save();
        if (now_.steps > 0) now_.history.push_back(record());
        return {trainer_.weights(), state(), now_.history, trainer_.steps_done(), total_, normalization_};
    }

  private:
    static std::string identity_of(const TrainConfig& config, const Data& data, const WeightsFile* start) {
        Json identity{{"config", to_json(config)}, {"data", describe(data)}};
        if (start) identity["start"] = digest_of(start->weights);
        return digest_of(identity);
    }

    static LoaderOptions loading(const TrainConfig& config,
                                 const std::optional<Normalization>& normalization) {
        LoaderOptions options = training_options(static_cast<std::size_t>(config.recipe.batch), config.seed);
        options.augment = config.augment;
        options.normalization = normalization;
        return options;
    }

    /// Null of float training.
    std::unique_ptr<TrainingQuantizer> quantizer(const WeightsFile* start) const {
        if (config_.is_float()) return nullptr;
        TrainingRun run{config_.recipe.batch / config_.recipe.parts, total_};
        if (start) {
            const std::size_t images =
                std::min(config_.quantization->calibration_images(), data_.train->size());
            const auto ids = calibration_ids(*data_.train, images, config_.seed);
            run.activations = observe_histograms(graph_, start->weights,
                                                 calibration_images(*data_.train, ids, normalization_));
        }
        return config_.quantization->quantizer(graph_, run);
    }

    Weights state() const { return layers_ ? layers_->state() : Weights{}; }

    void resume() {
        if (control_.checkpoint.empty() || !is_there(control_.checkpoint)) return;
        try {
            load(control_.checkpoint.string());
        } catch (const BadInput& e) {
            throw CheckpointRefused(e.what());
        }
        progress_.say(
            fmt::format("{}: resumed at step {} of {}", control_.label, trainer_.steps_done(), stop_));
        progress_.start_at(images_done());
    }

    void load(const std::string& where) {
        const std::string record = trainer_.load(where);
        JsonReader(parse_json(record, where + ": the record of its progress", kFileLimits), where).read(now_);
        if (trainer_.steps_done() > stop_)
            throw BadInput(where, "steps done", "at most " + std::to_string(stop_),
                           std::to_string(trainer_.steps_done()));
        if (now_.steps > per_epoch_ || now_.history.size() * per_epoch_ + now_.steps != trainer_.steps_done())
            throw BadInput(where + ": its history does not fit its step count");
    }

    // An epoch is closed at the top of the loop, so that a run interrupted during its evaluation resumes
    // there.
    void advance() {
        for (;;) {
            if (now_.steps == per_epoch_) close_epoch();
            if (trainer_.steps_done() == stop_) return;
            if (interrupt_signal() != 0) throw Interrupted("", interrupt_signal());
            take_step();
            if (checkpoint_due()) save();
        }
    }

    void take_step() {
        const std::size_t done = trainer_.steps_done();
        batches_.load(static_cast<std::uint32_t>(done / per_epoch_), done % per_epoch_, images_, labels_);
        const StepResult result = trainer_.step(images_, labels_);
        now_.loss_sum += result.loss;
        now_.correct += result.correct;
        ++now_.steps;
        progress_.update(images_done(), fmt::format("epoch {}/{}  loss {:.4f}", now_.history.size() + 1,
                                                    config_.recipe.epochs, result.loss));
    }

    void close_epoch() {
        EpochRecord closed = record();
        const bool due = closed.epoch % config_.eval_every == 0 || closed.epoch == config_.recipe.epochs;
        if (due && (!layers_ || layers_->complete()))
            closed.eval_top1 = evaluate(deploy(config_, graph_, trainer_.weights(), state()).classifier,
                                        *data_.test, evaluation())
                                   .top1;
        now_.history.push_back(closed);
        now_.loss_sum = 0;
        now_.correct = now_.steps = 0;
        progress_.say(fmt::format("{}: epoch {}/{}  loss {:.4f}  train {:.2f} %{}", control_.label,
                                  closed.epoch, config_.recipe.epochs, closed.loss, closed.train_top1,
                                  closed.eval_top1 ? fmt::format("  eval {:.2f} %", *closed.eval_top1) : ""));
    }

    EvaluationOptions evaluation() const {
        EvaluationOptions options;
        options.normalization = normalization_;
        return options;
    }

    EpochRecord record() const {
        const auto steps = static_cast<double>(now_.steps);
        return {static_cast<int>(now_.history.size()) + 1,
                now_.loss_sum / steps,
                100.0 * static_cast<double>(now_.correct) / (steps * config_.recipe.batch),
                {}};
    }

    std::size_t images_done() const {
        return trainer_.steps_done() * static_cast<std::size_t>(config_.recipe.batch);
    }

    bool checkpoint_due() const {
        const std::chrono::duration<double, std::ratio<60>> passed =
            std::chrono::steady_clock::now() - saved_;
        return !(passed.count() < control_.checkpoint_minutes);  // not a number: after every step
    }

    void save() {
        saved_ = std::chrono::steady_clock::now();
        if (!control_.checkpoint.empty())
            trainer_.save(control_.checkpoint, JsonWriter().object(now_).dump());
    }

    const TrainConfig& config_;
    const Graph& graph_;
    const Data& data_;
    const RunControl& control_;
    std::optional<Normalization> normalization_;
    Loader loader_;
    PrefetchLoader batches_;
    std::size_t per_epoch_, total_, stop_;
    std::unique_ptr<TrainingQuantizer> layers_;
    Trainer trainer_;
    Progress progress_;
    Measured now_;
    std::vector<float> images_;
    std::vector<std::int32_t> labels_;
    std::chrono::steady_clock::time_point saved_ = std::chrono::steady_clock::now();
};

}  // namespace

TrainedNetwork train(const TrainConfig& config, const Graph& graph, const Data& data,
                     const RunControl& control, const WeightsFile* start) {
    check(config, "training");
    if (config.fine_tunes() != (start != nullptr))
        throw BadInput("training: weights to start from are for fine-tuning, which needs them");
    return Run(config, graph, data, control, start).all();
}

Metadata metadata_of(const TrainConfig& config, const Data& data, const TrainedNetwork& network) {
    Metadata metadata =
        to_metadata(network.normalization.value_or(data.train->normalization()), data.train->geometry());
    metadata["model"] = config.model;
    metadata["data"] = data.train->name();
    metadata["input"] = to_string(data.train->shape());
    metadata["classes"] = std::to_string(data.train->classes());
    metadata["numerics"] = to_string(config.numerics);
    if (!config.is_float()) metadata["quantization"] = method_of(config);
    metadata["config"] = to_json(config).dump();
    return metadata;
}

}  // namespace nibble
