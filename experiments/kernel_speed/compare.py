#!/usr/bin/env python3
"""Runs nibble_kernel_speed and the peers in turn, each in its own process, and compares medians.

Writes results/timing/<machine>/kernel_speed.json: Google Benchmark's layout for the context and for our benchmarks,
the peers' figures in the same terms, ratios, goals, and whatever disturbed the measurement.
"""
import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "experiments"))
import goals  # noqa: E402
from timing import MAX_SPREAD, git_describe, machine_name, portable, run, write_json  # noqa: E402

# NIBBLE_ARCH, ONEDNN_MAX_CPU_ISA: the caps that are compared, where the machine has them.
CAPS = [("avx2", "AVX2"), ("avx512vnni", "AVX512_CORE_VNNI"), ("amx", "AVX512_CORE_AMX")]
PEER_PRECISION = {"int8": "int8", "w8a8": "int8", "f32": "f32"}  # ours: the peers' word for it
PYTHON = "/usr/bin/python3"


def supported_caps(program):
    """Asks by the error message: an architecture that the machine lacks is refused."""
    def runs(cap):
        done = subprocess.run([program, "--benchmark_list_tests"], env=dict(os.environ, NIBBLE_ARCH=cap),
                              capture_output=True, check=False)
        return done.returncode == 0
    return [cap for cap in CAPS if runs(cap[0])]


class Measurement:
    """All runs, and what came out: for each row the milliseconds of every round."""

    def __init__(self, options, warnings):
        self.options, self.warnings = options, warnings
        self.ours, self.peers, self.versions, self.context = {}, {}, {}, {}
        self.program = options.build / "nibble_kernel_speed"

    def run_ours(self, cap, threads):
        only = self.options.only.replace("$", "(/[^/]*)?$")  # Google Benchmark's names go on: "/real_time"
        pattern = f"^(peak|read)/|^(layer|cold|activations|network)/.*({only})"
        text = run([str(self.program), f"--benchmark_filter={pattern}", "--benchmark_min_time=0.05",
                    "--benchmark_format=json"], threads, self.warnings, {"NIBBLE_ARCH": cap})
        answer = json.loads(text)
        self.context.setdefault("first", answer["context"])
        for row in answer["benchmarks"]:
            name = re.sub(r"/(real_time|manual_time|iterations:\d+)", "", row["name"])
            kept = self.ours.setdefault((cap, threads, name), {"rounds": [], "row": row})
            kept["rounds"].append(row["real_time"] if name[:4] not in ("peak", "read") else
                                  row.get("items_per_second", row.get("bytes_per_second")))

    def run_peer(self, command, cap, threads, environment):
        command = command + ["--threads", str(threads), "--rounds", "1", "--only", self.options.only]
        answer = json.loads(run(command, threads, self.warnings, environment))
        self.versions[answer["peer"]] = answer["version"]
        for row in answer["rows"]:
            key = (cap, threads, answer["peer"], row["what"], row["name"], row["precision"], row["batch"])
            kept = self.peers.setdefault(key, {"rounds": [], "row": row})
            kept["rounds"].append(row["ms_median"])

    def run_round(self, cap, isa, threads, uncapped):
        self.run_ours(cap, threads)
        capped = {"ONEDNN_MAX_CPU_ISA": isa}
        if cap == "avx2":
            capped["ATEN_CPU_CAPABILITY"] = "avx2"
        peers = HERE / "peers"
        self.run_peer([str(self.options.build / "peers" / "nibble_onednn_speed")], cap, threads, capped)
        self.run_peer([PYTHON, str(peers / "pytorch_speed.py")], cap, threads, capped)
        if uncapped:
            self.run_peer(["node", str(peers / "onnxruntime_speed.mjs")], cap, threads, {})

    def run_all(self, caps):
        for cap, isa in caps:
            for threads in self.options.threads:
                for number in range(self.options.rounds):
                    print(f"{cap}, threads {threads}: round {number + 1} of {self.options.rounds}", file=sys.stderr)
                    self.run_round(cap, isa, threads, cap == caps[-1][0])

    def saturation(self):
        command = [str(self.options.build / "peers" / "nibble_onednn_speed"), "--saturation", "--only", self.options.only]
        return json.loads(run(command, 1, [], {"ONEDNN_MAX_CPU_ISA": "AVX2"}))["rows"]


def by_round(ours, theirs):
    """How many times faster we are: the median of the rounds' ratios."""
    return statistics.median(b / a for a, b in zip(ours, theirs))


def median_of(kept, name, warnings):
    median = statistics.median(kept["rounds"])
    spread = (max(kept["rounds"]) - min(kept["rounds"])) / median
    if spread > MAX_SPREAD:
        warnings.append(f"{name}: the rounds differ by {spread:.0%}")
    return median


def peak_rows(measured):
    """Gop/s (2 x multiplications) and GB/s for each cap and number of threads."""
    peaks = {}
    for (cap, threads, name), kept in measured.ours.items():
        kind, what = name.split("/")[:2]
        if kind not in ("peak", "read"):
            continue
        row = peaks.setdefault((cap, threads), {"cap": cap, "threads": threads, "gops": {}, "read_gbs": {}})
        median = median_of(kept, f"{cap}, {threads} threads: {name}", measured.warnings)
        if kind == "peak":
            row["gops"][what] = 2e-9 * median
        else:
            row["read_gbs"][what] = 1e-9 * median
    return list(peaks.values())


def our_rows(measured, peaks):
    rows = []
    for (cap, threads, name), kept in measured.ours.items():
        kind, what, precision, batch = (name.split("/") + ["", ""])[:4]
        if kind in ("peak", "read"):
            continue
        median = median_of(kept, f"{cap}, {threads} threads: {name}", measured.warnings)
        counters, gops = kept["row"], 2e-6 * kept["row"]["macs"] / median
        peak = next(p for p in peaks if (p["cap"], p["threads"]) == (cap, threads))["gops"]
        row = {"name": name, "run_type": "aggregate", "aggregate_name": "median", "real_time": median,
               "time_unit": "ms", "real_time_rounds": kept["rounds"], "cap": cap, "threads": threads, "kind": kind,
               "what": what, "precision": precision, "batch": int(batch[1:]), "macs": counters["macs"],
               "weight_bytes": counters["weight_bytes"], "gops": gops,
               "share_of_peak": gops / peak["f32" if precision == "f32" else "u8s8"], "ratios": {}}
        if kind != "network":
            row["activation_bytes"] = counters["activation_bytes"]

        def against(label, rounds):
            row["ratios"][label] = by_round(kept["rounds"], rounds)
        for own in ("f32", "int8", "w8a8"):
            other = measured.ours.get((cap, threads, f"{kind}/{what}/{own}/{batch}"))
            if other and own != precision:
                against(own, other["rounds"])
        for (peer_cap, peer_threads, peer, _, peer_what, peer_precision, peer_batch), theirs in measured.peers.items():
            same = (peer_cap, peer_threads, peer_what, peer_batch) == (cap, threads, what, row["batch"])
            if same and kind != "cold" and peer_precision == PEER_PRECISION.get(precision, "int8"):
                against(f"{peer} {peer_precision}", theirs["rounds"])
        rows.append(row)
    return rows


def peer_rows(measured):
    rows = []
    for (cap, threads, peer, what, name, precision, batch), kept in measured.peers.items():
        label = f"{peer}, {cap}, {threads} threads: {name}/{precision}/b{batch}"
        rows.append({"peer": peer, "cap": cap, "threads": threads, "what": what, "name": name, "precision": precision,
                     "batch": batch, "real_time": median_of(kept, label, measured.warnings), "time_unit": "ms",
                     "real_time_rounds": kept["rounds"], "implementation": kept["row"].get("implementation", "")})
    return rows


def print_summary(result):
    line = "{:<12} {:>7} {:<10} {:<14} {:>7} {:>7}"
    print(line.format("cap", "threads", "precision", "against", "layers", "ratio"))
    for mean in result["geometric_means"]:
        print(line.format(mean["cap"], mean["threads"], mean["precision"], mean["against"], mean["rows"],
                          f"{mean['ratio']:.2f}"))
    for goal in result["goals"]:
        print(f"{'met   ' if goal['met'] else 'MISSED'} {goal['measured']:.2f} of {goal['required']:.2f}  {goal['goal']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("build", type=pathlib.Path, help="folder of nibble_kernel_speed")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="regular expression looked for in NAME/PRECISION/bBATCH")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--out", type=pathlib.Path,
                        help="default: results/timing/MACHINE/kernel_speed.json; with --only, which leaves out rows, "
                             "build/kernel_speed-only.json")
    options = parser.parse_args()
    if options.out is None:
        whole = ROOT / "results" / "timing" / machine_name() / "kernel_speed.json"
        options.out = ROOT / "build" / "kernel_speed-only.json" if options.only else whole

    warnings, load_before, git = [], os.getloadavg(), git_describe(ROOT)
    measured = Measurement(options, warnings)
    caps = supported_caps(measured.program)
    measured.run_all(caps)
    peaks = peak_rows(measured)
    ours = our_rows(measured, peaks)
    result = {"schema": 1, "experiment": "kernel_speed", "machine": machine_name(), "git": git,
              "protocol": {"rounds": options.rounds, "only": options.only, "seconds_each": 0.05,
                           "ratios": "median over the rounds of peer's time / ours"},
              "context": portable(measured.context["first"]),
              "caps": [{"nibble_arch": cap, "onednn_max_cpu_isa": isa} for cap, isa in caps],
              "peaks": peaks, "benchmarks": ours, "versions": measured.versions, "peers": peer_rows(measured),
              "geometric_means": goals.geometric_means(ours), "goals": goals.judge(ours, caps[-1][0]),
              "saturation": measured.saturation(), "load_average_before": load_before, "warnings": warnings}
    write_json(options.out, result)
    print_summary(result)
    for warning in warnings:
        print("warning: " + warning)
    print(f"written: {options.out}")


main()
