#!/bin/sh
# The same bits everywhere: engine/ and datasets/ call no transcendental function of libm (its last bits differ
# between versions), no distribution or shuffle of the standard library, no other source of random numbers, and no
# sum whose order of additions another build may change.
. "$(dirname "$0")/lib.sh"

project_files 'engine/*.[ch]pp' 'datasets/*.[ch]pp' | each_file '
FNR == 1 { comment = 0 }
{
    line = $0
    if (comment) {
        if (!sub(/^.*\*\//, "", line)) next
        comment = 0
    }
    gsub(/"([^"\\]|\\.)*"/, "\"\"", line)
    gsub(/\/\*([^*]|\*[^\/])*\*\//, "", line)
    sub(/\/\/.*/, "", line)
    if (sub(/\/\*.*/, "", line)) comment = 1
    calls = "(exp|exp2|expm1|log|log2|log10|log1p|pow|sin|cos|tan|sinh|cosh|tanh|asin|acos|atan|atan2|asinh|acosh" \
            "|atanh|erf|erfc|cbrt|hypot|tgamma|lgamma)[fl]?[ \t]*[(]"
    # A bare name counts as libm too; x.log(), my::log() and exact_log() do not.
    if (line ~ "(std|xt|xsimd|cv)::" calls || line ~ "(^|[^A-Za-z0-9_.:>])(::)?" calls)
        print FILENAME ":" FNR ": transcendental function outside engine/core/math: " $0
    if (line ~ /std::([a-z_]*_distribution|shuffle|sample|random_device|mt19937|minstd_rand|default_random_engine)/ ||
        line ~ /xt::random|cv::(RNG|theRNG|randu|randn|randShuffle)|(^|[^A-Za-z0-9_.:>])(::|std::)?s?rand[ \t]*[(]/)
        print FILENAME ":" FNR ": random numbers come from nibble::Random alone: " $0
    if (line ~ /std::(transform_)?reduce[ \t]*[(<]/)
        print FILENAME ":" FNR ": std::reduce adds in no fixed order: " $0
    if (line ~ /xt::(sum|mean|average|prod|variance|stddev|norm_[a-z0-9_]*)[ \t]*[(<]/)
        print FILENAME ":" FNR ": the order of xtensor'"'"'s sums is not fixed, ordered_sum() has one: " $0
}' | verdict portable
