#!/bin/sh
# Documentation tells the truth: every `make TARGET` it names exists, every relative link leads to a file.
. "$(dirname "$0")/lib.sh"

targets=" $(sed -n 's/^\([a-z][a-z -]*\):.*/\1/p' Makefile | tr '\n' ' ') "
project_files '*.md' | grep -v '^results/' | each_file -v targets="$targets" '
function check(code,  word, n, i) {
    if (code !~ /^make( |$)/) return
    n = split(code, word, /[ \t;|&]+/)
    for (i = 2; i <= n; ++i)
        if (word[i] == "#") return
        else if (word[i] ~ /^[a-z][a-z-]*$/ && index(targets, " " word[i] " ") == 0)
            print FILENAME ":" FNR ": there is no make target " word[i]
}
FNR == 1 { fenced = 0 }
/^[ \t]*```/ { fenced = !fenced; next }
fenced { sub(/^[ \t$]*/, ""); check($0); next }
{
    rest = $0
    while (match(rest, /`[^`]*`/)) {
        check(substr(rest, RSTART + 1, RLENGTH - 2))
        rest = substr(rest, RSTART + RLENGTH)
    }
    rest = $0
    while (match(rest, /\]\([^)]*\)/)) {
        link = substr(rest, RSTART + 2, RLENGTH - 3)
        rest = substr(rest, RSTART + RLENGTH)
        sub(/#.*/, "", link)
        if (link == "" || link ~ /^[a-z]+:/) continue
        folder = FILENAME
        if (!sub(/\/[^\/]*$/, "", folder)) folder = "."
        if (system("test -e \"" folder "/" link "\"") != 0) print FILENAME ":" FNR ": link to " link " leads nowhere"
    }
}' | verdict docs
