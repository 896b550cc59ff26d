#!/bin/sh
# No source file over 500 lines: by then it holds two concepts.
. "$(dirname "$0")/lib.sh"

project_files 'engine/*.[ch]pp' 'datasets/*.[ch]pp' 'experiments/*.[ch]pp' 'tests/*.[ch]pp' |
    each_file 'FNR == 501 { print FILENAME ": more than 500 lines" }' | verdict sizes
