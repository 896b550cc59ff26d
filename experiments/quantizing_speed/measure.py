#!/usr/bin/env python3
"""Runs nibble_quantizing_speed with 1 and 2 threads; results/timing/<machine>/quantizing_speed.json and .md."""
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "experiments"))
from timing import git_describe, machine_name, portable, run, write_json  # noqa: E402

REPETITIONS = 3
THREADS = (1, 2)
# What is looked for in a benchmark's name, and the seconds it may take with 2 threads.
GOALS = [(r"^layer-.*/grid/", 0.5), (r"^resnet56/w4", 10.0), (r"^resnet56/ternary", 2.0)]


def measured(program, threads, warnings):
    """Median seconds by name, and Google Benchmark's context."""
    command = [program, f"--benchmark_repetitions={REPETITIONS}", "--benchmark_report_aggregates_only=true",
               "--benchmark_format=json"]
    answer = json.loads(run(command, threads, warnings))
    seconds = {re.sub(r"^quantizing/|/threads:.*$", "", row["name"]): 1e-3 * row["real_time"]
               for row in answer["benchmarks"] if row["aggregate_name"] == "median"}
    return seconds, answer["context"]


def limit_of(name):
    return next((limit for pattern, limit in GOALS if re.search(pattern, name)), None)


def markdown(machine, rows):
    heads = ["What"] + [f"{t} thread{'s' if t > 1 else ''} (s)" for t in THREADS] + ["Limit (s)", "Met"]
    lines = [f"# Time to quantize on `{machine}`", "",
             f"Medians of {REPETITIONS} runs; limits are for {THREADS[-1]} threads.", "",
             "| " + " | ".join(heads) + " |", "| :-- |" + " --: |" * (len(THREADS) + 1) + " :-- |"]
    for row in rows:
        goal = ["", ""] if row["limit"] is None else [f"{row['limit']:g}", "yes" if row["met"] else "no"]
        lines.append("| " + " | ".join([row["name"]] + [f"{s:.3g}" for s in row["seconds"]] + goal) + " |")
    return "\n".join(lines) + "\n"


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: measure.py PROGRAM    (make bench-quantizing builds and runs it)")
    warnings, by_threads, context, git = [], [], {}, git_describe(ROOT)
    for threads in THREADS:
        print(f"{threads} thread{'s' if threads > 1 else ''}: about a minute", file=sys.stderr)
        seconds, context = measured(sys.argv[1], threads, warnings)
        by_threads.append(seconds)
    rows = []
    for name in by_threads[0]:
        seconds, limit = [s[name] for s in by_threads], limit_of(name)
        rows.append({"name": name, "seconds": seconds, "limit": limit,
                     "met": None if limit is None else seconds[-1] <= limit})
    machine = machine_name()
    path = ROOT / "results" / "timing" / machine / "quantizing_speed.json"
    write_json(path, {"schema": 1, "experiment": "quantizing_speed", "machine": machine, "git": git,
                      "context": portable(context), "threads": THREADS, "rows": rows, "warnings": warnings})
    path.with_suffix(".md").write_text(markdown(machine, rows))
    for warning in warnings:
        print("warning:", warning, file=sys.stderr)
    print("written:", path, file=sys.stderr)


if __name__ == "__main__":
    main()
