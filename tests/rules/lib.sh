# Shared by the rules. A rule is called as: RULE.sh [ROOT]; it prints one line per violation and fails if there is any.
set -eu
export LC_ALL=C

rules=$(cd "$(dirname "$0")" && pwd)
cd "${1:-$rules/../..}"

# Files of the project below here, without build outputs. No rule holds because nothing was found.
if [ -e .git ]; then files=$(git ls-files -co --exclude-standard); else files=$(find . -type f | sed 's|^\./||'); fi
[ -n "$files" ] || { echo "no file below $(pwd): nothing was checked"; exit 1; }

# project_files PATTERN...: those whose path matches a glob.
project_files() {
    printf '%s\n' "$files" | sort -u | while IFS= read -r file; do
        for pattern in "$@"; do
            # shellcheck disable=SC2254
            case "$file" in $pattern) [ -f "$file" ] && printf '%s\n' "$file" && break ;; esac
        done
    done
}

# each_file AWK_ARGUMENTS... < list: runs awk over every listed file (a list too long for one call is split).
each_file() { xargs -d '\n' -r awk "$@"; }

# verdict RULE < violations: prints them and decides.
verdict() {
    found=$(cat)
    if [ -n "$found" ]; then
        printf '%s\n' "$found"
        echo "rule '$1' is broken: $(printf '%s\n' "$found" | wc -l) violation(s)"
        exit 1
    fi
    echo "rule '$1' holds"
}
