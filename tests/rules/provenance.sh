#!/bin/sh
# A committed result names the commit that made it: a tree with changes of its own nobody else can check out.
. "$(dirname "$0")/lib.sh"

[ -e .git ] || { echo "SKIPPED: rule 'provenance' (not a git checkout)"; exit 77; }
# As committed: results that only lie about may come from any tree. Timings say for themselves what they are of; one
# result is older than this rule. git grep fails with 1 where it finds nothing.
found=$(git grep -l -e '"git": ".*-dirty"' HEAD -- 'results/*.json' ':!results/timing' ':!results/cifar10/baseline/plain8-w1.0--cifar10--f32--s0.json') ||
    [ $? = 1 ]
echo "$found" | sed -n 's/^HEAD:\(.*\)/\1: made by a tree with uncommitted changes; commit, then run it again/p' | verdict provenance
