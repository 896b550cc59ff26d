#!/bin/bash
# The page of results in a real browser: its script runs, shows every result, and asks the network for nothing.
root=$(cd "$(dirname "$0")/../../.." && pwd)
. "$root/tests/helpers/program.sh"

browser=$(command -v chromium || true)
if [ -z "$browser" ]; then
    echo "SKIPPED: the page of results in a browser (chromium is not installed: apt-get install chromium)"
    exit 77
fi
"$nibble" site --root "$root" --out "$scratch/page.html" >out 2>err || fail "site: $(cat err)"
grep -Eo '(src|href)=|https?://[a-z0-9.]+' page.html | grep -v 'http://www.w3.org' && fail "the page refers to something outside"
"$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$scratch/profile" --virtual-time-budget=5000 \
    --dump-dom "file://$scratch/page.html" >dom.html 2>err || fail "chromium: $(tail -n 3 err)"
rows=$(grep -o '<tr>' dom.html | wc -l)
dots=$(grep -o '<circle ' dom.html | wc -l)
[ "$rows" -gt 0 ] || fail "the table is empty"
[ "$dots" -gt 0 ] || fail "the plot is empty"
grep -Eo '[0-9]+ of [0-9]+ results' dom.html >shown || fail "the page does not count its results"
results=$(cd "$root" && find results -mindepth 3 -name '*--s*.json' | wc -l)
[ "$(sed 's/.* of \([0-9]*\) .*/\1/' shown)" -eq "$results" ] || fail "$(cat shown), but there are $results"
exit $((failures > 0))
