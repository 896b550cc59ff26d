// nibble train: one training run outside any grid.
#include <fmt/format.h>

#include "engine/core/error.hpp"
#include "engine/core/json.hpp"
#include "engine/infer/file.hpp"
#include "experiments/commands/commands.hpp"
#include "experiments/commands/preprocess_options.hpp"
#include "experiments/pipeline/deployment.hpp"
#include "experiments/pipeline/files/weights_file.hpp"
#include "experiments/pipeline/training.hpp"
#include "experiments/runs/result.hpp"
#include "experiments/support/interrupt.hpp"

namespace nibble {

namespace {
struct TrainOptions {
    SharedOptions shared;
    PreprocessOptions preprocess;
    TrainConfig config;
    std::string method = "f32", out, checkpoint;
    bool plain_momentum = false, no_augment = false;
    std::uint64_t steps = 0;
    double checkpoint_minutes = 5;
};

void add_recipe(Command& command, TrainOptions& o) {
    Recipe& r = o.config.recipe;
    command.option("--epochs", r.epochs, "passes over the training images")
        .option("--batch", r.batch, "images per step")
        .option("--parts", r.parts, "take each batch in so many parts and add their gradients")
        .option("--learning-rate,--lr", r.learning_rate, "peak, reached after the warm-up")
        .option("--momentum", r.momentum, "of SGD, in [0, 1)")
        .flag("--no-nesterov", o.plain_momentum, "plain momentum")
        .option("--weight-decay", r.weight_decay, "L2, on tensors of more than one dimension only")
        .option("--warmup-epochs", r.warmup_epochs, "learning rate rises linearly from 0")
        .option("--cooldown-epochs", r.cooldown_epochs, "learning rate falls linearly to 0 at the end")
        .option("--final-fraction", r.final_fraction, "the cosine ends at this fraction of the peak")
        .option("--label-smoothing", r.label_smoothing, "in [0, 1)")
        .flag("--no-augment", o.no_augment, "no random crop, no mirroring")
        .option("--eval-every", o.config.eval_every, "epochs between evaluations on the test images");
}

Json answer(const TrainConfig& config, const Data& data, const TrainedNetwork& network,
            const Deployment& deployed, const std::string& out) {
    return {{"weights", out},
            {"weights_digest", digest_of(network.weights)},
            {"steps", network.steps},
            {"steps_of_all_epochs", network.steps_of_all_epochs},
            {"history", to_json(network.history)},
            {"config", to_json(config)},
            {"data", describe(data)},
            {"executed_as", deployed.executed_as}};
}

/// A network quantized while training is written ready to run; otherwise its weights.
void write_network(const TrainOptions& o, const Data& data, const TrainedNetwork& network,
                   const Deployment& deployed) {
    Metadata metadata = metadata_of(o.config, data, network);
    metadata["steps"] = std::to_string(network.steps);
    if (deployed.integers) return write_safetensors(o.out, to_safetensors(*deployed.integers, metadata));
    if (deployed.rounded) metadata["numerics"] = to_string(Numerics::f32);
    write_weights(o.out, deployed.rounded ? *deployed.rounded : network.weights, metadata);
}

int train_command(TrainOptions o) {
    o.shared.apply();
    set_method(o.config, o.method);
    if (o.config.fine_tunes())
        throw BadInput("--method " + o.method +
                       ": fine-tuning starts from a trained network; run a cell of an experiment that says "
                       "which (nibble cells fgq)");
    if (o.config.quantization && o.config.quantization->is_simulation())
        throw Unsupported("--method " + o.method +
                          ": a simulation that no file can hold; cells measure it (nibble cells aqt)");
    o.config.recipe.nesterov = !o.plain_momentum;
    o.config.augment = !o.no_augment;
    check(o.config, "nibble train");
    check_writable(o.out);
    watch_for_interrupts();

    const Data data = open_data(o.config.data, o.preprocess.of("", "").stated);
    const Graph graph = make_graph(o.config.model, *data.train);
    RunControl control;
    control.checkpoint = o.checkpoint.empty() ? o.out + ".checkpoint" : o.checkpoint;
    check_writable(control.checkpoint);
    control.checkpoint_minutes = o.checkpoint_minutes;
    control.stop_after = o.steps;
    control.progress = o.shared.progress_mode();
    control.label = o.config.model;
    const TrainedNetwork network = train(o.config, graph, data, control);

    const Deployment deployed = deploy(o.config, graph, network.weights, network.quantizer_state);
    write_network(o, data, network, deployed);
    if (o.checkpoint.empty()) std::filesystem::remove(control.checkpoint);
    if (o.shared.json)
        print_json(answer(o.config, data, network, deployed, o.out));
    else
        print_text(fmt::format("{}  {}\n", digest_of(network.weights), o.out));
    return 0;
}
}  // namespace

void add_train(CommandLine& line) {
    auto o = std::make_shared<TrainOptions>();
    Command command = line.command("train", "train a network and write its weights");
    command.option("--model", o->config.model, "resnet20, resnet32-w0.5, plain20, resnet18, ...")
        .option("--data", o->config.data,
                "glyphs, cifar10, cifar100, mnist, imagenet, image_folder:PATH, image_list:FOLDER")
        .option("--method,--numerics", o->method,
                "f32, bf16, or quantized while training: w8a8, w4a4e8, w4a4, w4e8, ...")
        .option("--seed", o->config.seed, "of initial weights, order and augmentation");
    add_recipe(command, *o);
    command
        .option("--out", o->out,
                "weights as safetensors, under torchvision's names; of a network with quantized weights and "
                "activations the network itself, ready for `nibble eval`")
        .required()
        .option("--steps", o->steps, "stop after this many steps in all; 0: all epochs")
        .option("--checkpoint", o->checkpoint,
                "resume from this file if it exists, and keep it at the end (default: OUT.checkpoint, "
                "removed at the "
                "end)")
        .option("--checkpoint-minutes", o->checkpoint_minutes,
                "time between checkpoints; 0: after every step");
    o->preprocess.add(command);
    o->shared.add_machine(command);
    o->shared.add_progress(command);
    o->shared.add_json(command);
    command
        .examples(
            "  nibble train --model resnet20 --data cifar10 --numerics bf16 --epochs 60 --lr 0.1 \\\n"
            "               --weight-decay 5e-4 --warmup-epochs 1 --out resnet20.safetensors\n"
            "  nibble train --model resnet8 --data glyphs --steps 20 --out short.safetensors --json\n"
            "Stopped by Ctrl-C, SIGTERM or anything worse, the same command goes on where it was, to the "
            "same "
            "bits.")
        .action([o] { return train_command(*o); });
}

}  // namespace nibble
