// nibble verify: run cells again and compare bit for bit with their results.
#include <fmt/format.h>

#include <optional>

#include "datasets/catalog.hpp"
#include "datasets/loader.hpp"
#include "datasets/subset.hpp"
#include "engine/core/error.hpp"
#include "engine/core/json.hpp"
#include "engine/infer/compare.hpp"
#include "experiments/harness/cli.hpp"
#include "experiments/harness/interrupt.hpp"
#include "experiments/harness/measured_network.hpp"
#include "experiments/harness/network_file.hpp"
#include "experiments/harness/reproduction.hpp"

namespace nibble {

namespace {
struct VerifyOptions {
    SharedOptions shared;
    std::string root, data = "cifar10";
    bool integer = false, evaluation = false;
    std::uint64_t limit = 0;
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
    if (!file.integers) throw BadInput(path + ": holds float weights; --integer takes quantized networks");
    check_fit(file.classifier, images);
    constexpr std::size_t kBatch = 100;
    LoaderOptions loading = evaluation_options(kBatch);
    loading.normalization = file.normalization;
    Loader loader(images, loading);
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
    const auto whole = open_dataset(data, Split::test);
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

int verify_command(const VerifyOptions& o) {
    o.shared.apply();
    watch_for_interrupts();
    if (o.integer && o.evaluation) throw BadInput("--integer and --evaluation: choose one");
    if (o.integer) return verify_integer_command(o);
    const Project project(o.root);
    RunControl control;
    control.progress = o.shared.progress_mode();
    Json list = Json::array();
    std::size_t differing = 0, refused = 0;
    for (const std::string& path : o.results) {
        std::string differs;
        const auto refused_for = refusal(o, [&] {
            differs = o.evaluation ? difference_of_evaluation(project, path, control)
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
            print_text(differs.empty() ? (o.evaluation ? "same evaluation: " : "same bits: ") + path + "\n"
                                       : "DIFFERS: " + path + ": " + differs + "\n");
    }
    if (o.shared.json) print_json({{"results", list}, {"differing", differing}, {"refused", refused}});
    if (differing) fmt::print(stderr, "nibble: {} of {} results differ\n", differing, o.results.size());
    if (refused)
        fmt::print(stderr, "nibble: {} of {} results could not be made again\n", refused, o.results.size());
    return differing + refused ? 1 : 0;
}
}  // namespace

void add_verify(CommandLine& line) {
    auto o = std::make_shared<VerifyOptions>();
    Command command = line.command("verify", "run cells again and compare with their results bit for bit");
    command.positional("RESULT", o->results, "files below results/; with --integer quantized networks")
        .required();
    command.option("--root", o->root, "the repository (default: here or above)")
        .flag("--integer", o->integer,
              "instead: compare every value of quantized networks (files of `nibble quantize`, or results "
              "whose "
              "network is in the run folder or beside them) with their simulation")
        .flag("--evaluation", o->evaluation,
              "instead: evaluate the result's network again, without training it (in the run folder, or kept "
              "beside the result)")
        .option("--data", o->data, "with --integer: whose test images (a result says it itself)")
        .option("--limit", o->limit, "with --integer: only the first images; 0: all");
    o->shared.add_machine(command);
    o->shared.add_progress(command);
    o->shared.add_json(command);
    command
        .examples(
            "  nibble verify results/quick/baseline/*.json\n"
            "  nibble verify --integer r20-w8a8.safetensors --data cifar10\n"
            "  nibble verify --integer results/cifar10/aqt/*.json\n"
            "  nibble verify --evaluation results/cifar10/aqt/*.json\n"
            "Compared are the digests of weights and predictions, every metric, the history and the cost; "
            "not the\n"
            "kernels used, nor where the program was built. Exit status 1 if anything differs.")
        .action([o] { return verify_command(*o); });
}

}  // namespace nibble
