#!/usr/bin/env bash
# The paper's way on a network that others trained: fine-tunes it by five recipes on each dataset, the same budget for each, and
# evaluates clean, white-box and transfer accuracy. Goes on where it was stopped. About ten hours on two cores.
#   scripts/finetune.sh MODEL.onnx OUT DATA...      (DATA: train[=test], such as imagenet/train=imagenet/val)
#   EPSILON=4/255 STEPS=5 EPOCHS=5 SIZE=128 LIMIT=1000 scripts/finetune.sh …
set -euo pipefail
model=$1 out=$2
shift 2
: "${EPSILON:=4/255}" "${STEPS:=5}" "${EPOCHS:=5}" "${SIZE:=128}" "${BATCH:=16}" "${SEED:=0}" "${TEST:=400}"
holdfast() { node "$(dirname "$0")/../dist/cli/main.js" "$@"; }
limit=()
[ -n "${LIMIT:-}" ] && limit=(--limit "$LIMIT")
for data in "$@"; do
  train=${data%%=*} test=${data#*=}
  [ "$test" = "$data" ] && test=$train:test
  folder=$out/$(basename "$(dirname "$train")")-$(basename "$train" | tr ':' '-')-${EPSILON/\//of}
  runs=()
  for recipe in undefended pat alp at at-alp; do
    run=$folder/$recipe
    runs+=("$run")
    if [ -e "$run/manifest.json" ]; then continue; fi
    if [ -e "$run/config.json" ]; then
      holdfast train --resume "$run"
      continue
    fi
    adversary=(--epsilon "$EPSILON" --steps "$STEPS")
    [ "$recipe" = undefended ] && adversary=()
    holdfast train --model "$model" ${MODEL_OPTIONS:-} --data "$train" --size "$SIZE" --recipe "$recipe" \
      "${adversary[@]}" "${limit[@]}" --epochs "$EPOCHS" --batch-size "$BATCH" --optimiser sgd --learning-rate 0.01 \
      --trunk-learning-rate 0.1 --flip 0.5 --seed "$SEED" --out "$run"
  done
  [ -e "$folder/result.json" ] ||
    holdfast evaluate "${runs[@]}" --data "$test" --limit "$TEST" --epsilon "$EPSILON" \
      --out "$folder/result.json" --report "$folder/report.html"
done
