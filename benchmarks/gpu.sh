#!/usr/bin/env bash
# All that a card is needed for, in under ten minutes: [PYTHON=python3] benchmarks/gpu.sh [FOLDER [STEP...]]
# What there is; the tests; both engines; the published rate with 256 seeds, held against an earlier run's; memory; whole
# experiments. FOLDER (else $OUT, else build/gpu) has what each step prints, and is written as it goes; summary.txt says
# how each ended. A step has a limit of its own, one that fails stops no other, and one is not begun in less time than it
# needs: it is run by its name in another call, with the caches of this one (build/gpu-cache). The published rate goes on
# from where it was stopped.
set -uo pipefail
out=$(realpath -m "${1:-${OUT:-$(dirname "$0")/../build/gpu}}") chosen=" ${*:2} " total=570 failed=0
cd "$(dirname "$0")/.." || exit
python=${PYTHON:-python3} cache=${MIRRORJAX_CACHE:-$PWD/build/gpu-cache}
export MIRRORJAX_CACHE=$cache XLA_PYTHON_CLIENT_PREALLOCATE=false PYTHONUNBUFFERED=1
mkdir -p "$out" "$cache"

told() { echo "$*" | tee -a "$out/summary.txt"; }

step() { # NAME LIMIT LEAST COMMAND...: both in seconds
  local name=$1 limit=$2 least=$3 began=$SECONDS left=$((total - SECONDS)) code=0
  shift 3
  [[ $chosen =~ ^\ *$ || $chosen == *" $name "* ]] || return 0
  if ((left < least)); then
    told "$name: not begun, $left s were left"
    failed=1
    return 0
  fi
  timeout -k 15 "$((limit < left ? limit : left))" "$@" 2>&1 | tee "$out/$name.txt" || code=${PIPESTATUS[0]}
  told "$name: ended with $code after $((SECONDS - began)) s"
  ((code == 0)) || failed=1
}

machine='import importlib.util as util, sys, jax
needed = "flax optax orbax.checkpoint jaxtyping pyarrow duckdb hydra wandb rich scipy cuda.bindings pytest xdist".split()
missing = [name for name in needed if not util.find_spec(name.split(".")[0])]
print(sys.version, "jax", jax.__version__, jax.devices("gpu"), "missing:", *missing or ["nothing"])'
bench=("$python" -m mirrorjax bench --platform gpu --out "$out/benchmarks" --sections)
sweep=("$python" -m mirrorjax sweep experiment=paper size=large runtime=gpu tracker=off)
told "$(date -u +%FT%TZ)${2:+, ${*:2}}"
step machine 30 5 "$python" -c "$machine"
step tests 170 60 "$python" -m pytest -m gpu -v -rs -p no:cacheprovider tests/training/engines
step engines 150 60 "${bench[@]}" engines
step published_rate 250 60 "${sweep[@]}" "results_dir=$out/results"
step as_published 20 10 "$python" analysis/published_rate.py "$out"/results/paper-*
step memory 60 40 "${bench[@]}" memory
step whole 560 400 "${bench[@]}" whole
exit "$failed"
