"""What the Python peers share: the command line, the timing of one row, the document they print."""
import argparse
import json
import re
import statistics
import time

BLOCK_SECONDS = 0.05
# name, precision, batch of every row about a whole network
NETWORKS = [(name, precision, batch)
            for name, batches in (("resnet20", (1, 128)), ("resnet18", (1,)), ("resnet50", (1,)))
            for batch in batches for precision in ("f32", "int8")]


def image_shape(name, batch):
    return (batch, 3, 32, 32) if name == "resnet20" else (batch, 3, 224, 224)


def positive(text):
    if int(text) < 1:
        raise ValueError
    return int(text)


def arguments(description):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=positive, default=1, help="threads (1)")
    parser.add_argument("--rounds", type=positive, default=5, help="samples a row (5)")
    parser.add_argument("--only", default="", metavar="PATTERN",
                        help="rows whose name/precision/bBATCH matches this regular expression")
    return parser


def seconds_of(calls, call):
    start = time.perf_counter()
    for _ in range(calls):
        call()
    return time.perf_counter() - start


def measure(call, rounds):
    """Milliseconds per call, one figure a round. Finding how many calls make a block warms up."""
    calls = 1
    while seconds_of(calls, call) < BLOCK_SECONDS:
        calls *= 2
    return [1e3 * seconds_of(calls, call) / calls for _ in range(rounds)]


def time_networks(options, prepare):
    """A row for each wanted network; prepare(name, precision, batch) returns what to call."""
    rows = []
    for name, precision, batch in NETWORKS:
        if re.search(options.only, f"{name}/{precision}/b{batch}"):
            rounds = measure(prepare(name, precision, batch), options.rounds)
            rows.append({"what": "network", "name": name, "precision": precision, "batch": batch,
                         "ms_median": statistics.median(rounds), "ms_min": min(rounds), "rounds": rounds})
    return rows


def print_document(peer, version, options, isa_cap, rows):
    print(json.dumps({"peer": peer, "version": version, "threads": options.threads, "isa_cap": isa_cap, "rows": rows},
                     indent=2))
