#!/usr/bin/env bash
# Makes the maps and the table and the picture of the deadly triad of docs/value-based.md again, in seconds.
#
#   bash docs/value-based/figures.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
rl=${RL:-target/release/rl}
[[ -x $rl ]] || cargo build --release -p rl-cli --features flex
runs=$(mktemp -d)
trap 'rm -r "$runs"' EXIT

for preset in frozen-lake-q cliff-walking-q cliff-walking-sarsa; do
    "$rl" train --preset "$preset" --seed 0 --quiet --no-report --out "$runs/$preset" >/dev/null
    "$rl" inspect "$runs/$preset" --map "docs/pictures/$preset.svg" >/dev/null
done
"$rl" triad --out docs/evidence/deadly-triad
