#!/usr/bin/env bash
# All that a card is needed for, in under ten minutes: [PYTHON=python3] benchmarks/gpu.sh [FOLDER [STEP...]]
# The tests; both engines and memory; the published rate with 256 seeds, held against an earlier run's; whole experiments.
# Each step has a limit of its own, and one that fails stops no other; FOLDER/summary.txt says how each ended. What had no
# time is run by its name, with the caches of the others.
set -uo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3} out=$(realpath -m "${1:-build/gpu}") chosen=" ${*:2} " total=590 failed=0
export MIRRORJAX_CACHE=${MIRRORJAX_CACHE:-$out/cache} XLA_PYTHON_CLIENT_PREALLOCATE=false
mkdir -p "$out"
: >"$out/summary.txt"

step() { # NAME LIMIT COMMAND...
  local name=$1 limit=$2 began=$SECONDS left=$((total - SECONDS)) code=0
  shift 2
  [[ $chosen =~ ^\ *$ || $chosen == *" $name "* ]] || return 0
  timeout -k 5 "$((limit < left ? limit : left > 1 ? left : 1))" "$@" 2>&1 | tee "$out/$name.txt" || code=${PIPESTATUS[0]}
  echo "$name: ended with $code after $((SECONDS - began)) s" | tee -a "$out/summary.txt"
  ((code == 0)) || failed=1
}

bench=("$python" -m mirrorjax bench --platform gpu --out "$out/benchmarks" --sections)
step tests 90 "$python" -m pytest -m gpu -rs -p no:cacheprovider tests/training/engines
step engines 160 "${bench[@]}" engines memory
step published_rate 220 "$python" -m mirrorjax sweep experiment=paper size=large runtime=gpu tracker=off results_dir="$out/results"
step as_published 20 "$python" analysis/published_rate.py "$out"/results/paper-*
step whole 300 "${bench[@]}" whole
exit "$failed"
