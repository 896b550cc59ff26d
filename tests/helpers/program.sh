# For scripts that test the program: source it. It goes to a scratch folder that is gone at the end; end a script with
# `exit $((failures > 0))`.
set -u
nibble=$(realpath "${NIBBLE_PROGRAM:?names the program to test}")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
unset NIBBLE_RUNS
failures=0

fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# refused STATUS PATTERN ARGUMENT... : exit status, nothing on standard output, one line on standard error
refused() {
    local status=$1 pattern=$2
    shift 2
    "$nibble" "$@" >out 2>err
    local got=$?
    [ $got -eq "$status" ] || fail "nibble $*: exit status $got instead of $status"
    [ ! -s out ] || fail "nibble $*: wrote to standard output"
    [ "$(wc -l <err)" -eq 1 ] || fail "nibble $*: $(wc -l <err) lines on standard error"
    grep -q -- "$pattern" err || fail "nibble $*: says '$(cat err)', not '$pattern'"
}

# undigested FILE: as another program leaves it, without a digest that holds it to its content
undigested() { sed -i 's/nibble_sha256/other_sha_256/' "$1"; }

is_object() { [ "$(head -c 1 "$1")" = "{" ] && [ "$(tail -n 1 "$1")" = "}" ] && [ "$(grep -c '^{' "$1")" -eq 1 ]; }

# field KEY FILE: the first value of that key in indented JSON, strings without their quotes
field() { sed -n "s/.*\"$1\": \"\\{0,1\\}\\([^\",]*\\).*/\\1/p" "$2" | sed -n 1p; }

# survives_kills CELL RESULT WHOLE PAUSE...: `nibble run CELL` killed after each pause and then left alone leaves a RESULT
# equal to WHOLE
survives_kills() {
    local cell=$1 result=$2 whole=$3 kills=0 pause
    shift 3
    for pause in "$@"; do
        "$nibble" run "$cell" --checkpoint-minutes 0 --progress off >out 2>err &
        # Not before there is something to resume.
        until ls build/runs/quick/paper/*/checkpoint-* >/dev/null 2>&1 || ! kill -0 $! 2>/dev/null; do sleep 0.02; done
        sleep $pause
        kill -KILL $! 2>/dev/null && kills=$((kills + 1))
        wait $! 2>/dev/null
        [ -e "$result" ] || continue
        [ $kills -eq 0 ] || break
        rm "$result" # it was done before: again, and sooner
    done
    [ $kills -gt 0 ] || fail "no run was killed"
    "$nibble" run "$cell" --progress off >out 2>err || fail "run after $kills kills: $(cat err)"
    cmp -s "$whole" "$result" || fail "a run killed $kills times has another result"
}
