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
# Prints the page after its script has run; an argument follows the page's name in the address.
page() {
    "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$scratch/profile" --virtual-time-budget=5000 \
        --dump-dom "file://$scratch/$1" 2>err || fail "chromium: $(tail -n 3 err)"
}
page page.html >dom.html
rows=$(grep -o '<tr>' dom.html | wc -l)
dots=$(grep -o '<circle ' dom.html | wc -l)
[ "$rows" -gt 0 ] || fail "the table is empty"
[ "$dots" -gt 0 ] || fail "the plot is empty"
grep -Eo '[0-9]+ of [0-9]+ results' dom.html >shown || fail "the page does not count its results"
results=$(cd "$root" && find results -mindepth 3 -name '*--s*.json' | wc -l)
[ "$(sed 's/.* of \([0-9]*\) .*/\1/' shown)" -eq "$results" ] || fail "$(cat shown), but there are $results"

# ---- the claims and the best networks of the profile that the address or the reader names
grep -q 'ours never are' dom.html || fail "the page does not say what the claims of cifar10 are measured on"
page 'page.html#imagenet-subset' >linked.html
sed 's|^</body>|<script>{ const select = document.querySelectorAll("select.profile")[1]; select.value = "imagenet-subset";\
select.dispatchEvent(new Event("input", { bubbles: true })); document.title = location.hash; }</script>&|' page.html >chosen.html
page chosen.html >chosen_dom.html
grep -q '<title>#imagenet-subset</title>' chosen_dom.html || fail "the address does not keep the chosen profile"
for dom in linked.html chosen_dom.html; do
    grep -q '<span id="measured-on">[^<]*ours are on 1,000 easy validation images' $dom || fail "$dom does not name the images"
    grep -q '<tbody id="claim-rows"><tr title=[^>]*><td>fgq-1</td>.*with other networks</td>' $dom || fail "$dom lacks claims"
    grep -q '<tbody id="best-rows"><tr><td class="word">squeezenet1_1</td>' $dom || fail "$dom lacks the best networks"
done
exit $((failures > 0))
