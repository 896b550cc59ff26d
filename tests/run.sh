#!/usr/bin/env bash
# run.sh BUILD JOBS: runs all tests of a build and ends with one line: how many passed, failed and were skipped, and why.
set -u
mkdir -p "$1/Testing"
report=$(realpath "$1")/Testing/report.xml
rm -f "$report"
ctest --test-dir "$1" --output-on-failure --no-tests=error -j "$2" --output-junit "$report"
status=$?
[ -e "$report" ] || { echo "ctest ended without a report (status $status)"; exit 1; }
number() { sed -n "s/.*\b$1=\"\([0-9]*\)\".*/\1/p" "$report" | head -n 1; }
reasons=$(grep -hoE 'SKIPPED: .*' "$1/Testing/Temporary/LastTest.log" | sed 's/^SKIPPED: //' | sort -u | paste -sd ';' | sed 's/;/; /g')
failed=$(number failures) skipped=$(number skipped)
[ "$status" -eq 0 ] || failed=$(wc -l <"$1/Testing/Temporary/LastTestsFailed.log")
echo "$(($(number tests) - failed - skipped)) passed, $failed failed, $skipped skipped${reasons:+, at least in part ($reasons)}"
exit $status
