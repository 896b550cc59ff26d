#!/bin/sh
# Who may include whom: only downwards, by full path, without cycles, and each big library through its one header.
. "$(dirname "$0")/lib.sh"

sources() { project_files 'engine/*.[ch]pp' 'datasets/*.[ch]pp' 'experiments/*.[ch]pp'; }

# Pairs "A B": the unit A (a header and its source) includes the unit B. tsort names the members of a cycle.
cycles() {
    sources | each_file '/^[ \t]*#[ \t]*include *"/ {
        split($0, part, "\""); unit = FILENAME; target = part[2]
        sub(/[.][ch]pp$/, "", unit); sub(/[.]hpp$/, "", target)
        if (unit != target) print unit, target
    }' | tsort 2>&1 >/dev/null | sed -n 's/^tsort: \([a-z].*\)/\1: in a cycle of includes/p'
}

layers() { sources | each_file '
function layer(path,  part) {
    split(path, part, "/")
    if (part[1] == "engine") return part[2]
    if (part[1] != "experiments") return part[1]
    if (path == "experiments/main.cpp") return "program"
    if (part[2] ~ /^(support|pipeline|runs|reports|commands)$/) return part[2]
    return part[2] ~ /^(aqt|fgq|mmse|kernel_speed|training_speed|quantizing_speed)$/ ? part[2] : "stray"
}
function complain(what) { print FILENAME ":" FNR ": " what }
BEGIN {
    may["core"] = "core"
    may["io"] = "io core"
    may["kernels"] = "kernels core"
    may["nn"] = "nn kernels core"
    may["models"] = "models nn kernels core"
    may["train"] = "train nn kernels core io"
    may["quant"] = "quant nn core"
    may["infer"] = "infer quant nn kernels core io"
    may["onnx"] = "onnx infer quant nn io core"
    may["api"] = "api onnx infer quant nn kernels io core"
    may["datasets"] = "datasets core"
    engine = "onnx infer quant train models nn kernels io core datasets"
    may["support"] = "support core"
    may["pipeline"] = "pipeline support " engine
    may["runs"] = "runs pipeline support " engine
    may["reports"] = "reports runs pipeline support " engine
    others = "reports runs pipeline support " engine
    experiments = "aqt fgq mmse kernel_speed training_speed quantizing_speed"
    split(experiments, names, " ")
    for (i in names) may[names[i]] = names[i] " " others
    may["commands"] = "commands reports runs pipeline support " engine
    may["program"] = "commands pipeline " experiments " " engine
    only["xtensor"] = "engine/core/tensor.hpp"
    only["xsimd"] = "engine/kernels/simd.hpp"
}
/^[ \t]*#[ \t]*include/ {
    from = layer(FILENAME)
    if (!(from in may)) complain("folder " from " has no place in the order of layers")
    if (match($0, /"[^"]*"/)) {
        target = substr($0, RSTART + 1, RLENGTH - 2)
        if (target == "nibble_version.hpp") {
            if (FILENAME != "experiments/pipeline/provenance.cpp") complain("only provenance.cpp includes " target)
        } else if (target !~ /^(engine\/[a-z]+|datasets|experiments)\//) {
            complain("\"" target "\" is no path from the root of the project")
        } else if (index(" " may[from] " ", " " layer(target) " ") == 0) {
            complain(from " may not include " layer(target) " (" target ")")
        }
    } else if (match($0, /<[^>]*>/)) {
        header = substr($0, RSTART + 1, RLENGTH - 2)
        # Headers that hold nothing but the version of a library, for provenance.
        if (FILENAME == "experiments/pipeline/provenance.cpp" && header ~ /([Vv]ersion|_config)\.hpp$/) next
        split(header, part, "/")
        library = part[1]
        if (library in only && FILENAME != only[library]) complain("only " only[library] " includes " library)
        if (library == "opencv2" && from != "datasets") complain("only datasets/ includes OpenCV")
    }
}'; }

{ layers; cycles; } | verdict includes
