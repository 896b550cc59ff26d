#!/bin/sh
# No source file over 400 lines: by then it holds two concepts. No folder with more than 24 of them.
. "$(dirname "$0")/lib.sh"

sources() { project_files 'engine/*.[ch]pp' 'datasets/*.[ch]pp' 'experiments/*.[ch]pp' 'tests/*.[ch]pp'; }
{
    sources | each_file 'FNR == 401 { print FILENAME ": more than 400 lines" }'
    sources | sed 's|/[^/]*$||' | sort | uniq -c | awk '$1 > 24 { print $2 ": " $1 " source files, more than 24" }'
} | verdict sizes
