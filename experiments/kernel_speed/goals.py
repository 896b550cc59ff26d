"""Geometric means over the layers, and the goals of the experiment."""
import math

COLD = "cold"


def geometric_mean(values):
    return math.exp(sum(math.log(v) for v in values) / len(values))


def geometric_means(rows):
    """For each cap, number of threads, kind and precision: the mean of every ratio over the rows that have it."""
    groups = {}
    for row in rows:
        if row["kind"] not in ("layer", COLD):
            continue
        for against, ratio in row["ratios"].items():
            key = (row["cap"], row["threads"], row["kind"], row["precision"], against)
            groups.setdefault(key, []).append(ratio)
    return [{"cap": cap, "threads": threads, "kind": kind, "precision": precision, "against": against,
             "rows": len(ratios), "ratio": geometric_mean(ratios)}
            for (cap, threads, kind, precision, against), ratios in groups.items()]


# Goals about layers, one thread: precision, against, caps, kind of rows, required ratio.
LAYER_GOALS = [
    ("int8", "oneDNN int8", ("amx",), "layer", 1.0),
    ("int8", "oneDNN int8", ("avx512vnni",), "layer", 1.0),
    ("int8", "oneDNN int8", ("avx2",), "layer", 0.75),
    ("f32", "oneDNN f32", ("avx2", "avx512vnni", "amx"), "layer", 0.95),
    ("s4", "int8", ("avx2",), "layer", 1.4),
    ("t", "int8", ("avx2",), "layer", 1.4),
    ("s4", "int8", ("avx512vnni", "amx"), "layer", 0.9),
    ("t", "int8", ("avx512vnni", "amx"), "layer", 0.9),
    ("s4", "int8", ("avx512vnni", "amx"), COLD, 1.0),
    ("t", "int8", ("avx512vnni", "amx"), COLD, 1.0)]
# Goals about whole networks as w8a8, against the faster of PyTorch and ONNX Runtime.
NETWORK_GOALS = [("resnet20", 1, 2.0), ("resnet20", 128, 2.0), ("resnet18", 1, 1.3), ("resnet50", 1, 1.3)]


def judge(rows, best_cap):
    """Every goal that the rows can answer."""
    goals = []

    def add(text, required, measured):
        goals.append({"goal": text, "required": required, "measured": measured, "met": measured >= required})

    means = {(m["cap"], m["threads"], m["kind"], m["precision"], m["against"]): m["ratio"]
             for m in geometric_means(rows)}
    for precision, against, caps, kind, required in LAYER_GOALS:
        for cap in caps:
            mean = means.get((cap, 1, kind, precision, against))
            if mean is not None:
                weights = ", weights from memory" if kind == COLD else ""
                add(f"{cap}, 1 thread: {precision} against {against}, layers{weights}", required, mean)
    for name, batch, required in NETWORK_GOALS:
        for row in rows:
            wanted = (row["kind"], row["what"], row["batch"], row["precision"], row["cap"])
            peers = [row["ratios"].get(f"{peer} int8") for peer in ("PyTorch", "ONNX Runtime")]
            if wanted == ("network", name, batch, "w8a8", best_cap) and None not in peers:
                threads = f"{row['threads']} thread" + ("s" if row["threads"] > 1 else "")
                add(f"{best_cap}, {threads}: {name}, batch {batch}, w8a8 against the best of PyTorch and ONNX Runtime",
                    required, min(peers))
    return goals
