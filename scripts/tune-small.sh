#!/usr/bin/env bash
# The tuning behind the preset "small": three trials of 12 epochs for every row of Table 1, judged on the
# validation images of 17 Flowers alone. Run it again to go on after a stop; name rows to do only those, so that
# several can run side by side (THREADS=1 each uses the cores better than one with all of them).
#
#   scripts/tune-small.sh path/to/17flowers runs/tune-small [row...]
set -euo pipefail
data=${1:?the folder of 17 Flowers} out=${2:?a folder for the trials}
shift 2
rows=" ${*:-at-alp alp at pat igr rat fd undefended} "
holdfast=${HOLDFAST:-npx holdfast}

try() {
  local recipe=$1
  shift
  [[ $rows == *" $recipe "* ]] || return 0
  $holdfast sweep --data "$data" --size 64 --model resnet18-narrow --recipe "$recipe" --out "$out/$recipe" \
    --epochs 12 --batch-size 32 --optimiser sgd --learning-rate 0.05 --weight-decay 5e-4 --epsilon-warmup 0.3 \
    --label-smoothing 0.1 --flip 0.5 --resized-crop 0.3 --brightness 0.3 --contrast 0.3 --saturation 0.3 \
    --validation 340 --validation-data "$data:val" --validate-every 4 --judge-steps 20 --threads "${THREADS:-2}" "$@" >"$out/$recipe.txt"
  cat "$out/$recipe.txt"
}

mkdir -p "$out"
try at-alp --vary alpha=0.1 --vary beta=0.1,0.5,2
try fd --vary recipe.model.denoising.filter=dot-product,mean,median
try alp --vary alpha=0.02,0.1,0.5
try rat --vary recipe.model.inputNoise.scale=0.05,0.1,0.2
try at --vary beta=0.1,0.5,2
try pat --vary learning-rate=0.02,0.05,0.1
try igr --vary lambda=0.1,1,10
try undefended --vary learning-rate=0.02,0.05,0.1
