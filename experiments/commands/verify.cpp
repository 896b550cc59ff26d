// nibble verify: run cells again and compare bit for bit with their results.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <random>

#include "datasets/catalog.hpp"
#include "datasets/loader.hpp"
#include "datasets/subset.hpp"
#include "engine/core/error.hpp"
#include "engine/core/json.hpp"
#include "engine/infer/compare.hpp"
#include "experiments/commands/commands.hpp"
#include "experiments/commands/preprocess_options.hpp"
#include "experiments/pipeline/files/network_file.hpp"
#include "experiments/runs/measured_network.hpp"
#include "experiments/runs/reproduction.hpp"
#include "experiments/support/interrupt.hpp"

namespace nibble {

namespace {
struct VerifyOptions {
    SharedOptions shared;
    PreprocessOptions preprocess;
    std::string root, data = "cifar10";
    bool integer = false, evaluation = false;
    std::uint64_t limit = 0;
    int sample = 0;
    std::uint64_t seed = 0;
    bool retrain = false;
    std::vector<std::string> results;
};

std::filesystem::path network_of_result(const Project& project, const Result& result) {
    return measured_network(project, find_cell(project, result.cell, result.profile), result);
}

/// What kept `work` from being done, said on stderr too; nothing if it was done. One of several may lack its
/// network while others have theirs; alone, it throws, as do interrupts.
template <class Work>
std::optional<std::string> refusal(const VerifyOptions& o, const Work& work) {
    try {
        work();
        return std::nullopt;
    } catch (const Interrupted&) {
        throw;
    } catch (const Error& e) {
        if (o.results.size() == 1) throw;
        fmt::print(stderr, "nibble: {}\n", e.what());
        return e.what();
    }
}

/// Simulation and integer execution of one quantized network, side by side.
Json compare_executions(const std::string& path, const VerifyOptions& o, const Dataset& images) {
    const ImageShape& shape = images.shape();
    const NetworkFile file =
        open_network(path, {"", "", images.classes(), {shape.height, shape.width, shape.channels}});
    if (!file.integers)
        throw BadInput(path + ": runs in floats; --integer takes networks that run as integers");
    check_fit(file.classifier, images);
    constexpr std::size_t kBatch = 100;
    Loader loader(images, evaluation_options(kBatch));
    Comparison comparison(*file.integers);
    Progress progress(o.shared.progress_mode(), path, images.size(), "images");
    std::vector<float> pixels;
    std::vector<std::int32_t> labels;
    for (std::size_t step = 0, done = 0; step < loader.steps_per_epoch(); ++step) {
        if (interrupt_signal() != 0) throw Interrupted("interrupted during a comparison", interrupt_signal());
        loader.load(0, step, pixels, labels);
        comparison.add(pixels);
        progress.update(done += labels.size());
    }
    Json layers = Json::array();
    for (const Agreement& a : comparison.agreements()) {
        layers.push_back({{"layer", a.step},
                          {"storage", a.storage},
                          {"compared", a.compared},
                          {"mismatches", a.mismatches},
                          {"example", a.example}});
        if (!o.shared.json)
            print_text(fmt::format("{:24} {:5} {:>14} compared  {:>8} mismatches  {}\n", one_line(a.step),
                                   a.storage, a.compared, a.mismatches, a.example));
    }
    if (!o.shared.json)
        print_text(fmt::format("{}: {} images, {}: {} mismatches\n", path, images.size(), file.executed_as,
                               comparison.mismatches()));
    return {{"network", path},
            {"images", images.size()},
            {"executed_as", file.executed_as},
            {"layers", layers},
            {"mismatches", comparison.mismatches()}};
}

/// Nothing for a result that ran in floats.
std::optional<Json> compare_network(const std::string& path, const VerifyOptions& o) {
    std::string network = path, data = o.data;
    if (path.ends_with(".json")) {
        const Result result = read_result(path);
        if (!result.ran_as_integers()) return std::nullopt;
        network = network_of_result(Project(o.root), result);
        data = cell_from(result.cell).data;
    }
    const auto whole = open_dataset(data, Split::test, {}, o.preprocess.of(network, "").stated);
    return compare_executions(network, o, Subset(*whole, o.limit ? o.limit : whole->size()));
}

int verify_integer_command(const VerifyOptions& o) {
    Json list = Json::array();
    std::vector<std::string> in_floats;
    std::size_t differing = 0, refused = 0;
    for (const std::string& path : o.results) {
        std::optional<Json> comparison;
        if (refusal(o, [&] { comparison = compare_network(path, o); })) {
            ++refused;
        } else if (comparison) {
            list.push_back(*comparison);
            differing += list.back()["mismatches"] != 0;
        } else {
            in_floats.push_back(path + ": ran in floats, there are no integers to compare");
        }
    }
    if (list.empty() && refused == 0) throw BadInput(in_floats.front());
    for (const std::string& line : in_floats) fmt::print(stderr, "{}\n", line);
    if (o.shared.json) print_json({{"networks", list}, {"differing", differing}, {"refused", refused}});
    if (differing)
        fmt::print(stderr, "nibble: {} of {} networks execute differently from their simulation\n", differing,
                   o.results.size());
    if (refused)
        fmt::print(stderr, "nibble: {} of {} networks could not be compared\n", refused, o.results.size());
    return differing + refused ? 1 : 0;
}

void say_left_out(std::size_t results, const std::string& why) {
    if (results) fmt::print(stderr, "{} results cannot be picked: {}\n", results, why);
}

/// o.sample of all that can be made again here.
std::vector<Reproducible> drawn(const Project& project, const VerifyOptions& o) {
    if (o.sample < 1) throw BadInput("--sample", "results to pick", "1 or more", std::to_string(o.sample));
    ReproducibleResults found = reproducible_results(project, o.retrain);
    say_left_out(found.without_data, "their images are not here (make data, or NIBBLE_DATA)");
    say_left_out(found.without_parent,
                 "they start from pretrained weights that are not below " + data_root().string());
    say_left_out(found.without_network, "their networks are not kept; --retrain trains them again");
    if (found.results.empty()) throw BadInput("no result of a real profile can be made again here");
    const std::uint64_t seed = o.seed ? o.seed : std::random_device()();
    fmt::print(stderr, "picked with --seed {}\n", seed);
    std::shuffle(found.results.begin(), found.results.end(), std::mt19937_64(seed));
    found.results.resize(std::min(static_cast<std::size_t>(o.sample), found.results.size()));
    return found.results;
}

int verify_command(const VerifyOptions& o) {
    o.shared.apply();
    watch_for_interrupts();
    if (o.integer && o.evaluation) throw BadInput("--integer and --evaluation: choose one");
    if (o.sample && (o.integer || o.evaluation))
        throw BadInput("--sample: chooses by itself what is run and what is only evaluated");
    if (!o.sample && (o.seed || o.retrain)) throw BadInput("--seed and --retrain: they go with --sample");
    if (o.results.empty() == (o.sample == 0))
        throw BadInput("name results to verify, or let --sample N pick some");
    if (o.preprocess.given() && !o.integer)
        throw BadInput(
            "--preprocess, --resize, --mean, ...: go with --integer; results say themselves what they saw");
    if (o.integer) return verify_integer_command(o);
    const Project project(o.root);
    std::vector<Reproducible> wanted;
    if (o.sample) wanted = drawn(project, o);
    for (const std::string& path : o.results) wanted.push_back({path, o.evaluation});
    RunControl control;
    control.progress = o.shared.progress_mode();
    Json list = Json::array();
    std::size_t differing = 0, refused = 0;
    for (const auto& [path, evaluation] : wanted) {
        std::string differs;
        const auto refused_for = refusal(o, [&] {
            differs = evaluation ? difference_of_evaluation(project, path, control)
                                 : difference_of_run(project, path, control);
        });
        if (refused_for) {
            ++refused;
            list.push_back({{"result", path}, {"verified", false}, {"difference", *refused_for}});
            continue;
        }
        differing += !differs.empty();
        list.push_back({{"result", path}, {"verified", differs.empty()}, {"difference", differs}});
        if (!o.shared.json)
            print_text(differs.empty() ? (evaluation ? "same evaluation: " : "same bits: ") + path + "\n"
                                       : "DIFFERS: " + path + ": " + differs + "\n");
    }
    if (o.shared.json) print_json({{"results", list}, {"differing", differing}, {"refused", refused}});
    if (differing) fmt::print(stderr, "nibble: {} of {} results differ\n", differing, wanted.size());
    if (refused)
        fmt::print(stderr, "nibble: {} of {} results could not be made again\n", refused, wanted.size());
    return differing + refused ? 1 : 0;
}
}  // namespace

void add_verify(CommandLine& line) {
    auto o = std::make_shared<VerifyOptions>();
    Command command = line.command("verify", "run cells again and compare with their results bit for bit");
    command.positional("RESULT", o->results, "files below results/; with --integer quantized networks");
    command.option("--root", o->root, "the repository (default: here or above)")
        .flag("--integer", o->integer,
              "instead: compare every value of quantized networks (files of `nibble quantize`, or results "
              "whose "
              "network is in the run folder or beside them) with their simulation")
        .flag("--evaluation", o->evaluation,
              "instead: evaluate the result's network again, without training it (in the run folder, or kept "
              "beside the result)")
        .option("--sample", o->sample,
                "instead of RESULT: pick so many at random, of all that can be made again here but those of "
                "profile quick; "
                "networks that are kept are only evaluated")
        .option("--seed", o->seed, "with --sample: the same picks again; 0: others each time")
        .flag("--retrain", o->retrain, "with --sample: also results whose training takes hours")
        .option("--data", o->data, "with --integer: whose test images (a result says it itself)")
        .option("--limit", o->limit, "with --integer: only the first images; 0: all");
    o->preprocess.add(command);
    o->shared.add_machine(command);
    o->shared.add_progress(command);
    o->shared.add_json(command);
    command
        .examples(
            "  nibble verify results/quick/baseline/*.json\n"
            "  nibble verify --integer r20-w8a8.safetensors --data cifar10\n"
            "  nibble verify --integer results/cifar10/aqt/*.json\n"
            "  nibble verify --evaluation results/cifar10/aqt/*.json\n"
            "  nibble verify --sample 5\n"
            "Compared are the digests of weights and predictions, every metric, the history and the cost; "
            "not the\n"
            "kernels used, nor where the program was built. Exit status 1 if anything differs.")
        .action([o] { return verify_command(*o); });
}

}  // namespace nibble
