#!/usr/bin/env bash
# Networks of 2, 4 and 100 classes, plain and adversarially trained, to compare with the reference AutoAttack.
# Run it again to go on after a stop.
#
#   bench/autoattack/models.sh path/to/data runs/autoattack
#
# The folder of data holds dogs-vs-cats and imagenet-part; the 100 classes are made from MNIST (pairs.mjs).
set -euo pipefail
data=${1:?the folder of the datasets} out=${2:?a folder for the runs}
read -ra holdfast <<<"${HOLDFAST:-node dist/cli/main.js}"
threads=${THREADS:-2}

# train <run> [options]
train() {
  local run=$out/$1
  shift
  [[ -e $run/manifest.json ]] && return 0
  if [[ -e $run/config.json ]]; then
    "${holdfast[@]}" train --resume "$run"
    return
  fi
  "${holdfast[@]}" train --out "$run" --threads "$threads" "$@"
}

[[ -d $out/pairs ]] || node "$(dirname "$0")/pairs.mjs" "$out/pairs" 60 20
for recipe in at undefended; do
  train "pairs-$recipe" --data "$out/pairs" --model resnet-mini --size 32 --recipe "$recipe" --epochs 6 --batch-size 64 --epsilon 0.1
  train "dogs-$recipe" --data "$data/dogs-vs-cats" --model resnet18-narrow --size 64 --recipe "$recipe" --epochs 6 --batch-size 32 --epsilon 2/255
  train "imagenet-$recipe" --data "$data/imagenet-part" --model resnet18-narrow --size 64 --recipe "$recipe" --epochs 4 --batch-size 32 --epsilon 4/255
done
