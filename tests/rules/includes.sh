#!/bin/sh
# Who may include whom: only downwards, by full path, and each big library through its one header.
. "$(dirname "$0")/lib.sh"

project_files 'engine/*.[ch]pp' 'datasets/*.[ch]pp' 'experiments/*.[ch]pp' | each_file '
function layer(path,  part) {
    split(path, part, "/")
    return part[1] == "engine" ? part[2] : part[1]
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
    may["datasets"] = "datasets core"
    may["experiments"] = "experiments datasets infer quant train models nn kernels io core"
    only["xtensor"] = "engine/core/tensor.hpp"
    only["xsimd"] = "engine/kernels/simd.hpp"
}
/^[ \t]*#[ \t]*include/ {
    from = layer(FILENAME)
    if (!(from in may)) complain("folder " from " has no place in the order of layers")
    if (match($0, /"[^"]*"/)) {
        target = substr($0, RSTART + 1, RLENGTH - 2)
        if (target == "nibble_version.hpp") {
            if (FILENAME != "experiments/harness/provenance.cpp") complain("only provenance.cpp includes " target)
        } else if (target !~ /^(engine\/[a-z]+|datasets|experiments)\//) {
            complain("\"" target "\" is no path from the root of the project")
        } else if (index(" " may[from] " ", " " layer(target) " ") == 0) {
            complain(from " may not include " layer(target) " (" target ")")
        }
    } else if (match($0, /<[^>]*>/)) {
        header = substr($0, RSTART + 1, RLENGTH - 2)
        # Headers that hold nothing but the version of a library, for provenance.
        if (FILENAME == "experiments/harness/provenance.cpp" && header ~ /(version|_config)\.hpp$/) next
        split(header, part, "/")
        library = part[1]
        if (library in only && FILENAME != only[library]) complain("only " only[library] " includes " library)
        if (library == "opencv2" && from != "datasets") complain("only datasets/ includes OpenCV")
    }
}' | verdict includes
