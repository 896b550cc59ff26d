#!/bin/bash
# verify.sh NIBBLE N [FULL]: N committed results of real profiles, picked at random, made again and compared bit for bit.
# Networks that took long to train are kept beside their results and only evaluated again, unless FULL is 1.
set -euo pipefail
nibble=$1 count=$2 full=${3:-}
[[ $count =~ ^[1-9][0-9]*$ ]] || { echo "N: how many results to pick, 1 or more, not '$count'"; exit 1; }

# Of all but quick: those that can be made again in minutes, or all of them, whose parent is here.
candidates=() left_out=0 orphans=0
committed=$(git ls-files 'results/*/*/*--s*.json') || exit 1
here=$("$nibble" info --json | tr -d ' \n' | grep -o '"available":true,"how":"[^"]*","name":"[^"]*"' | sed 's/.*:"\(.*\)"/\1/')
absent=0
while read -r result; do
    data=${result#*--} data=${data%%--*}
    if ! grep -qxF "$data" <<<"$here"; then
        absent=$((absent + 1))
        continue
    fi
    parent=$(sed -n 's/^ *"parent": "\(.*[.]safetensors\)",$/\1/p' "$result")
    if [ -n "$parent" ] && [ ! -e "${NIBBLE_DATA:-data}/$parent" ]; then
        orphans=$((orphans + 1))
    elif [ "$full" = 1 ] || [ -e "${result%.json}.safetensors" ] || grep -q '"quantization": {' "$result"; then
        candidates+=("$result")
    else
        left_out=$((left_out + 1))
    fi
done < <(grep -v '^results/quick/' <<<"$committed")
[ $absent -eq 0 ] || echo "$absent results are not among the candidates: their images are not here (make data, or NIBBLE_DATA)"
[ $orphans -eq 0 ] || echo "$orphans results are not among the candidates: they start from pretrained weights that are not below ${NIBBLE_DATA:-data}"
[ $left_out -eq 0 ] || echo "$left_out results are not among the candidates: their networks are not kept; FULL=1 trains them again"
[ ${#candidates[@]} -gt 0 ] || { echo "no committed result of a real profile can be made again here"; exit 1; }

evaluate=() run=()
while read -r result; do
    if [ "$full" != 1 ] && [ -e "${result%.json}.safetensors" ]; then evaluate+=("$result"); else run+=("$result"); fi
done < <(printf '%s\n' "${candidates[@]}" | shuf -n "$count")
status=0
[ ${#evaluate[@]} -eq 0 ] || "$nibble" verify --evaluation "${evaluate[@]}" || status=1
[ ${#run[@]} -eq 0 ] || "$nibble" verify "${run[@]}" || status=1
exit $status
