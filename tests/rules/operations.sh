#!/bin/sh
# No operation of a network is forgotten: a `switch` over operations names each, without `default:`, so that the compiler
# complains of a new one.
. "$(dirname "$0")/lib.sh"

project_files 'engine/*.[ch]pp' | each_file '
FNR == 1 { depth = 0; inside = 0 }
{
    line = $0
    sub(/\/\/.*/, "", line)
    if (!inside && line ~ /switch[ \t]*[(].*[oO]p(eration)?[^A-Za-z0-9_]/) { inside = 1; base = depth }
    if (inside && line ~ /(^|[^A-Za-z0-9_])default[ \t]*:/)
        print FILENAME ":" FNR ": a switch over operations hides those it does not name: " $0
    opened = gsub(/{/, "{", line); closed = gsub(/}/, "}", line)
    depth += opened - closed
    if (inside && closed && depth <= base) inside = 0
}' | verdict operations
