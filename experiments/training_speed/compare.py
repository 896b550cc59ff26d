#!/usr/bin/env python3
"""Runs nibble_training_speed and train_torch.py in turn, each run in its own process, and compares medians.

Writes results/timing/<machine>/training_speed.json: Google Benchmark's layout for the context and for our
benchmarks, the peer's figures in the same terms, ratios, and whatever disturbed the measurement.
"""
import argparse
import json
import os
import pathlib
import statistics
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "experiments"))
from timing import MAX_SPREAD, git_describe, machine_name, portable, run, write_json  # noqa: E402

MODEL = "resnet20"
GOALS = {"f32": 1.4, "bf16": 1.5}  # ours / peer, images per second
QUANTIZED = ["w8a8", "w4a4e8", "w4a4e8-observing"]
MOST_TIME = 1.35  # of quantized training, in times of our bf16's


def run_ours(program, numerics, threads, seconds, warnings):
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        run([program, f"--benchmark_filter=/{numerics}/", f"--benchmark_min_time={seconds}",
             f"--benchmark_out={out.name}", "--benchmark_out_format=json"], threads, warnings)
        answer = json.load(out)
    (benchmark,) = answer["benchmarks"]
    return benchmark, answer["context"]


def run_peer(numerics, threads, seconds, warnings):
    command = ["/usr/bin/python3", str(HERE / "train_torch.py"), numerics, str(threads), str(seconds)]
    return json.loads(run(command, threads, warnings))


def summary(name, rounds, warnings):
    rates = [r["items_per_second"] for r in rounds]
    median = statistics.median(rates)
    spread = (max(rates) - min(rates)) / median
    if spread > MAX_SPREAD:
        warnings.append(f"{name}: the rounds differ by {spread:.0%}")
    return {"name": name, "run_type": "aggregate", "aggregate_name": "median", "items_per_second": median,
            "items_per_second_rounds": rates, "iterations_rounds": [r["iterations"] for r in rounds],
            "peak_memory_bytes": max(int(r["peak_memory_bytes"]) for r in rounds)}


def compare(ours, peer, fp32_peer, numerics, threads):
    ratio = ours["items_per_second"] / peer["items_per_second"]
    result = {"numerics": numerics, "threads": threads, "ratio": ratio, "goal": GOALS[numerics],
              "goal_met": ratio >= GOALS[numerics],
              "memory_ratio": ours["peak_memory_bytes"] / peer["peak_memory_bytes"]}
    if numerics == "bf16":  # without AMX or AVX-512 the peer's bf16 is an emulation that nobody would choose
        result["ratio_to_peer_f32"] = ours["items_per_second"] / fp32_peer["items_per_second"]
    return result


def measure(options, warnings):
    """All runs: for each setting, rounds of ours and the peer's in turn."""
    ours, peers, comparisons, context, version = [], [], [], {}, ""
    for threads in options.threads:
        fp32_peer = None
        for numerics in GOALS:
            mine, theirs = [], []
            for round_number in range(options.rounds):
                print(f"{numerics}, threads {threads}: round {round_number + 1} of {options.rounds}", file=sys.stderr)
                benchmark, context = run_ours(options.program, numerics, threads, options.seconds, warnings)
                mine.append(benchmark)
                theirs.append(run_peer(numerics, threads, options.seconds, warnings))
            version = theirs[0]["version"]
            ours.append(summary(f"training/{MODEL}/{numerics}/threads:{threads}", mine, warnings))
            peers.append(summary(f"pytorch/training/{MODEL}/{numerics}/threads:{threads}", theirs, warnings))
            fp32_peer = fp32_peer or peers[-1]
            comparisons.append(compare(ours[-1], peers[-1], fp32_peer, numerics, threads))
    return ours, peers, comparisons, context, version


def measure_quantized(options, warnings):
    """Quantized training beside our own bf16, in turn."""
    benchmarks, comparisons = [], []
    for threads in options.threads:
        rounds = {setting: [] for setting in ["bf16"] + QUANTIZED}
        for round_number in range(options.rounds):
            print(f"quantized, threads {threads}: round {round_number + 1} of {options.rounds}", file=sys.stderr)
            for setting, runs in rounds.items():
                runs.append(run_ours(options.program, setting, threads, options.seconds, warnings)[0])
        medians = {setting: summary(f"training/{MODEL}/{setting}/threads:{threads}", runs, warnings)
                   for setting, runs in rounds.items()}
        for setting in QUANTIZED:
            benchmarks.append(medians[setting])
            time = medians["bf16"]["items_per_second"] / medians[setting]["items_per_second"]
            comparisons.append({"setting": setting, "threads": threads, "time_to_bf16": time, "at_most": MOST_TIME,
                                "goal_met": time <= MOST_TIME})
    return benchmarks, comparisons


def print_quantized(benchmarks, comparisons):
    line = "{:<18} {:>7} {:>12} {:>14} {:>8} {:>5}"
    print(line.format("", "threads", "Nibble img/s", "time to bf16", "at most", "met"))
    for mine, c in zip(benchmarks, comparisons):
        print(line.format(c["setting"], c["threads"], f"{mine['items_per_second']:.1f}", f"{c['time_to_bf16']:.2f}",
                          c["at_most"], "yes" if c["goal_met"] else "NO"))


def print_table(ours, peers, comparisons):
    line = "{:<8} {:>7} {:>12} {:>12} {:>7} {:>6} {:>6} {:>13} {:>11}"
    print(line.format("", "threads", "Nibble img/s", "torch img/s", "ratio", "goal", "met", "to torch fp32", "memory MB"))
    for mine, theirs, c in zip(ours, peers, comparisons):
        print(line.format(c["numerics"], c["threads"], f"{mine['items_per_second']:.1f}",
                          f"{theirs['items_per_second']:.1f}", f"{c['ratio']:.2f}", f"{c['goal']:.1f}",
                          "yes" if c["goal_met"] else "NO", f"{c.get('ratio_to_peer_f32', c['ratio']):.2f}",
                          f"{mine['peak_memory_bytes'] / 1e6:.0f}/{theirs['peak_memory_bytes'] / 1e6:.0f}"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program", help="nibble_training_speed")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5, help="of each run, at least one step")
    parser.add_argument("--threads", type=int, nargs="+", default=[2, 1])
    parser.add_argument("--out", type=pathlib.Path,
                        default=ROOT / "results" / "timing" / machine_name() / "training_speed.json")
    options = parser.parse_args()

    warnings, load_before, git = [], os.getloadavg(), git_describe(ROOT)
    ours, peers, comparisons, context, version = measure(options, warnings)
    quantized, quantized_comparisons = measure_quantized(options, warnings)
    result = {"schema": 1, "experiment": "training_speed", "machine": machine_name(), "git": git,
              "protocol": {"model": MODEL, "batch": 128, "rounds": options.rounds, "seconds": options.seconds,
                           "optimizer": "SGD, Nesterov momentum 0.9, weight decay 1e-4",
                           "data": "one synthetic batch in memory"},
              "context": portable(context), "benchmarks": ours + quantized,
              "peer": {"name": "PyTorch", "version": version, "layout": "channels_last", "bf16": "CPU autocast"},
              "peers": peers, "comparisons": comparisons,
              "quantized": quantized_comparisons,
              "load_average_before": load_before, "warnings": warnings}
    write_json(options.out, result)
    print_table(ours, peers, comparisons)
    print_quantized(quantized, quantized_comparisons)
    for warning in warnings:
        print("warning: " + warning)
    print(f"written: {options.out}")


main()
