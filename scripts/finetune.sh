#!/usr/bin/env bash
# Rows of the paper's Table 1 from a trained model: undefended, PAT, ALP, AT and AT+ALP, each from the same ImageNet weights, on
# three datasets at 128 × 128 and two radii; then white-box PGD on the test images, one result and report a dataset and
# radius. Run it again to go on after a stop: finished runs and results are passed over, others are resumed.
#
#   scripts/finetune.sh efficientnet-lite0.onnx path/to/data runs/finetune [dataset...]
#
# The folder of data holds 17flowers, imagenet-part and dogs-vs-cats. RADII, ROWS, STEPS (of PGD in training), IMAGES (that are
# trained on, in all epochs together), BATCH, TEST and THREADS change what is run; MODEL_OPTIONS says how the model reads its pixels.
set -euo pipefail
model=${1:?an .onnx classifier} data=${2:?the folder of the datasets} out=${3:?a folder for the runs}
shift 3
read -ra datasets <<<"${*:-17flowers imagenet-part dogs-vs-cats}"
read -ra rows <<<"${ROWS:-undefended pat alp at at-alp}"
read -ra radii <<<"${RADII:-4/255 8/255}"
read -ra reading <<<"${MODEL_OPTIONS:---mean 0.498039,0.498039,0.498039 --std 0.501961,0.501961,0.501961}"
read -ra holdfast <<<"${HOLDFAST:-npx holdfast}"
steps=${STEPS:-5} images=${IMAGES:-3200} batch=${BATCH:-16} threads=${THREADS:-2} test=${TEST:-200}

# Training images of a dataset, so that every row sees as many in all.
declare -A size=([17flowers]=680 [imagenet-part]=3867 [dogs-vs-cats]=2000)

# train <run> <dataset> <recipe> [options of the adversary]
train() {
  local run=$1 set=$2 recipe=$3
  shift 3
  [[ -e $run/manifest.json ]] && return 0
  if [[ -e $run/config.json ]]; then
    "${holdfast[@]}" train --resume "$run"
    return
  fi
  local epochs
  epochs=$(awk -v images="$images" -v size="${size[$set]}" 'BEGIN { printf "%.4f", images / size }')
  "${holdfast[@]}" train --model "$model" "${reading[@]}" --data "$data/$set" --size 128 --recipe "$recipe" \
    --epochs "$epochs" --batch-size "$batch" --learning-rate 1e-3 --trunk-learning-rate 0.2 --epsilon-warmup 0.3 --flip 0.5 \
    --resized-crop 0.5 --validation 0 --checkpoint-every 50 --threads "$threads" --out "$run" "$@"
}

for set in "${datasets[@]}"; do
  [[ -n ${size[$set]:-} ]] || { echo "$set: not one of ${!size[*]}" >&2; exit 2; }
  for radius in "${radii[@]}"; do
    folder=$out/$set/${radius/\//-}
    mkdir -p "$folder"
    runs=()
    for row in "${rows[@]}"; do
      if [[ $row == undefended ]]; then
        # One for all radii.
        run=$out/$set/undefended
        train "$run" "$set" "$row"
      else
        run=$folder/$row
        train "$run" "$set" "$row" --epsilon "$radius" --steps "$steps"
      fi
      runs+=("$run")
    done
    [[ -e $folder/result.json ]] && continue
    "${holdfast[@]}" evaluate "${runs[@]}" --data "$data/$set:test" --limit "$test" --epsilon "$radius" --steps 20 \
      --threads "$threads" --out "$folder/result.json" --report "$folder/report.html"
  done
done
