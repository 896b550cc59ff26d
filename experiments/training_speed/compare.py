#!/usr/bin/env python3
"""Runs nibble_training_speed and train_torch.py in turn, each run in its own process, and compares medians.

Writes results/timing/<machine>/training_speed.json: Google Benchmark's layout for the context and for our
benchmarks, the peer's figures in the same terms, ratios, and whatever disturbed the measurement.
"""
import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MODEL = "resnet20"
GOALS = {"f32": 1.4, "bf16": 1.5}  # ours / peer, images per second
MAX_FOREIGN_LOAD = 0.05  # of all cores, by other processes while a run lasts
MAX_SPREAD = 0.10  # (max - min) / median over the rounds


def machine_name():
    """The CPU's model and number of cores, as a folder name: "intel-xeon-gold-6338-2-cores"."""
    cpuinfo = pathlib.Path("/proc/cpuinfo").read_text()
    found = re.search(r"^model name\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    model = re.sub(r"\((R|TM|tm|r)\)|CPU|Processor|@.*", " ", found.group(1) if found else "unknown")
    return re.sub(r"[^a-z0-9]+", "-", model.lower()).strip("-") + f"-{os.cpu_count()}-cores"


def busy_seconds():
    """CPU seconds that all processes of the machine, and its host's other guests (steal), have used so far."""
    fields = [int(x) for x in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    user, nice, system, _idle, _iowait, irq, softirq, steal = fields[:8]
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def run(command, threads, warnings):
    """Runs one side in its own process; complains when others used the machine meanwhile."""
    environment = dict(os.environ, NIBBLE_THREADS=str(threads), OMP_NUM_THREADS=str(threads))
    busy, start, own = busy_seconds(), time.monotonic(), os.times()
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, text=True)
    after = os.times()
    used = after.children_user + after.children_system - own.children_user - own.children_system
    foreign = (busy_seconds() - busy - used) / ((time.monotonic() - start) * os.cpu_count())
    if foreign > MAX_FOREIGN_LOAD:
        warnings.append(f"{foreign:.0%} of the machine was used by others during {pathlib.Path(command[0]).name} "
                        f"{' '.join(command[1:3])} with {threads} threads")
    return done.stdout


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


def git_describe():
    done = subprocess.run(["git", "-C", str(ROOT), "describe", "--always", "--dirty"], capture_output=True, text=True)
    return done.stdout.strip()


def portable(context):
    """Google Benchmark's context without what names this user or host."""
    return {key: value for key, value in context.items() if key not in ("host_name", "executable")}


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

    warnings, load_before = [], os.getloadavg()
    ours, peers, comparisons, context, version = measure(options, warnings)
    result = {"schema": 1, "experiment": "training_speed", "machine": machine_name(), "git": git_describe(),
              "protocol": {"model": MODEL, "batch": 128, "rounds": options.rounds, "seconds": options.seconds,
                           "optimizer": "SGD, Nesterov momentum 0.9, weight decay 1e-4",
                           "data": "one synthetic batch in memory"},
              "context": portable(context), "benchmarks": ours,
              "peer": {"name": "PyTorch", "version": version, "layout": "channels_last", "bf16": "CPU autocast"},
              "peers": peers, "comparisons": comparisons,
              "load_average_before": load_before, "warnings": warnings}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    partial = options.out.with_suffix(".partial")
    partial.write_text(json.dumps(result, indent=2) + "\n")
    partial.replace(options.out)

    print_table(ours, peers, comparisons)
    for warning in warnings:
        print("warning: " + warning)
    print(f"written: {options.out}")


main()
