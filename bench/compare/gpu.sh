#!/usr/bin/env bash
# LLaMS and PyTorch on one graphics card, one after the other, as one table of ratios.
#
#   bench/compare/gpu.sh                        # 1B and 8B shapes, 2048 tokens; about half an hour
#   LLAMS=llams/llams bench/compare/gpu.sh      # with a bundle of 'llams bundle --gpu'
#   SHAPES=tiny TOKENS=64 bench/compare/gpu.sh  # a minute or two: that all of it runs
#   PARTS="lora decode" bench/compare/gpu.sh    # only these of: product lora full prefill decode profile
#   SECONDS_EACH=4 LIMIT=100 bench/compare/gpu.sh    # shorter: what takes longer than the limit is stopped, the rest goes on
#
# Needs the program with its GPU device (docs/gpu.md) and, for PyTorch's side, a python3 ($PYTHON) that has torch, with
# torch_side.py beside this file. Models are random and made on the spot. What fails or is missing says so in its row, and the
# rest goes on. A ratio above 1 means that LLaMS is faster; memory is what nvidia-smi saw in use at most, ours over theirs. Below a
# row stand the seconds to the end of the first call, which makes the model, brings it to the card and compiles, and what the host's
# memory held at most: the model is in it as well, as there is no file.
# Like with like: weights and the inputs of products in bf16 on both sides; 'full' and the products named f32 in f32 on both,
# without TF32. PyTorch has its activations in bf16 too, LLaMS in f32. PyTorch's full step in bf16 stands beside, alone.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LLAMS=${LLAMS:-$here/../../llams}
PYTHON=${PYTHON:-python3}
SHAPES=${SHAPES:-1B 8B}
TOKENS=${TOKENS:-2048}
CONTEXT=${CONTEXT:-512}
SECONDS_EACH=${SECONDS_EACH:-10}
LIMIT=${LIMIT:-600}
PARTS=${PARTS:-product lora full prefill decode profile}

work=$(mktemp -d) || exit 1
sampler=
trap '[ -z "$sampler" ] || kill "$sampler" 2>/dev/null; rm -rf "$work"' EXIT

if [ -z "${TORCH_DEVICE:-}" ]; then
  TORCH_DEVICE=cpu
  "$PYTHON" -c 'import sys, torch; sys.exit(not torch.cuda.is_available())' 2>/dev/null && TORCH_DEVICE=cuda
fi
has_torch=yes
"$PYTHON" -c 'import torch' 2>/dev/null || has_torch=

cat >"$work/tiny.json" <<'END'
{"model_type": "llama", "hidden_size": 64, "intermediate_size": 176, "num_hidden_layers": 3, "num_attention_heads": 8,
 "num_key_value_heads": 2, "vocab_size": 512, "max_position_embeddings": 2048, "rms_norm_eps": 1e-5, "rope_theta": 500000.0,
 "tie_word_embeddings": false, "torch_dtype": "bfloat16"}
END

config() {
  case $1 in
    1B) echo llama3.2-1b ;;
    8B) echo llama3-8b ;;
    tiny) echo "$work/tiny.json" ;;
    *) echo "$1" ;;
  esac
}

# The products of a layer, as tokens x results x sums.
products() {
  case $1 in
    1B) echo "${TOKENS}x2048x2048 ${TOKENS}x8192x2048 ${TOKENS}x2048x8192 ${TOKENS}x128256x2048" ;;
    8B) echo "${TOKENS}x4096x4096 ${TOKENS}x1024x4096 ${TOKENS}x14336x4096 ${TOKENS}x4096x14336" ;;
    tiny) echo "${TOKENS}x176x64 ${TOKENS}x64x176" ;;
  esac
}

# Runs a command with the memory of card and host watched; leaves out, err and memory and host (MiB, or nothing).
watched() {
  : >"$work/used"
  : >"$work/held"
  : >"$work/pid"
  while sleep 0.5; do
    nvidia-smi --query-gpu=memory.used --format=csv,noheader,nounits 2>/dev/null | head -1 >>"$work/used"
    # Not every kernel tells the most that it was.
    sed -nE 's/^Vm(HWM|RSS):[^0-9]*([0-9]+) kB$/\2/p' "/proc/$(cat "$work/pid")/status" 2>/dev/null >>"$work/held"
  done &
  sampler=$!
  # shellcheck disable=SC2016 # that shell's own, whose number is that of the program which takes its place
  timeout -k 5 "$LIMIT" bash -c 'echo $$ >"$0"; exec "$@"' "$work/pid" "$@" >"$work/out" 2>"$work/err" </dev/null
  local code=$?
  kill "$sampler" 2>/dev/null
  wait "$sampler" 2>/dev/null
  sampler=
  memory=$(grep -x '[0-9]*' "$work/used" | sort -n | tail -1)
  host=$(sort -n "$work/held" | tail -1 | awk '{ printf "%.0f", $1 / 1024 }')
  [ $code -ne 124 ] || echo "stopped after $LIMIT s (LIMIT)" >>"$work/err"
  return $code
}

field() {
  tr ',{}' '\n\n\n' <"$work/out" | sed -n "s/^ *\"$1\": *\([0-9.eE+-]*\).*/\1/p" | head -1
}

reason() {
  grep -v '^ *$' "$work/err" | tail -1 | cut -c1-400
}

row() {
  printf '%-34s %12s %12s %7s %10s %10s %7s\n' "$@"
}

ratio() {
  awk -v a="$1" -v b="$2" 'BEGIN { if (a > 0 && b > 0) printf "%.2f", a / b; else printf "-" }'
}

# A case: its name, what one call counts (tokens, or flops), a unit's divisor, then our arguments (none: theirs alone), "--"
# and theirs.
compare() {
  local name=$1 work_of_call=$2 unit=$3 mine=- my_memory=- their_memory=- my_seconds=0 their_seconds=0 notes=() line
  shift 3
  local ours=()
  while [ "$1" != -- ]; do
    ours+=("$1")
    shift
  done
  shift
  if [ ${#ours[@]} -eq 0 ]; then
    :
  elif watched "$LLAMS" measure "${ours[@]}" --seconds "$SECONDS_EACH" --device gpu --json; then
    mine=$(field "$([ "${ours[0]}" = product ] && echo flops || echo tokensPerSecond)")
    my_seconds=$(awk -v w="$work_of_call" -v r="$mine" 'BEGIN { print w / r }')
    my_memory=${memory:--}
    notes+=("LLaMS: first call after $(field firstSeconds | cut -d. -f1) s, host memory ${host:--} MiB")
    # What makes it slower than it should be, as the kernels of ours where cuBLAS is not found.
    while IFS= read -r line; do
      notes+=("LLaMS: $line")
    done < <(grep '^gpu: ' "$work/err" | cut -c1-400)
  else
    notes+=("LLaMS failed: $(reason)")
  fi
  if [ -z "$has_torch" ]; then
    notes+=("no PyTorch in $PYTHON")
  elif watched "$PYTHON" "$here/torch_side.py" "$@" --seconds "$SECONDS_EACH" --device "$TORCH_DEVICE"; then
    their_seconds=$(field median)
    their_memory=${memory:--}
    notes+=("PyTorch: first call after $(field firstSeconds | cut -d. -f1) s, host memory ${host:--} MiB")
  else
    notes+=("PyTorch failed: $(reason)")
  fi
  row "$name" "$(awk -v w="$work_of_call" -v s="$my_seconds" -v u="$unit" 'BEGIN { if (s > 0) printf "%.2f", w / s / u; else print "-" }')" \
    "$(awk -v w="$work_of_call" -v s="$their_seconds" -v u="$unit" 'BEGIN { if (s > 0) printf "%.2f", w / s / u; else print "-" }')" \
    "$(ratio "$their_seconds" "$my_seconds")" "$my_memory" "$their_memory" "$(ratio "$my_memory" "$their_memory")"
  local note
  for note in "${notes[@]}"; do
    echo "    $note"
  done
}

has() {
  case " $PARTS " in *" $1 "*) return 0 ;; esac
  return 1
}

echo "LLaMS: $("$LLAMS" --version 2>/dev/null)"
"$LLAMS" devices 2>/dev/null | sed 's/^/  /'
nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader 2>/dev/null | sed 's/^/  card: /'
if [ -n "$has_torch" ]; then
  echo "PyTorch: $("$PYTHON" -c 'import torch; print(torch.__version__)') on $TORCH_DEVICE"
else
  echo "PyTorch: none in $PYTHON; its columns stay empty (pip install torch)"
fi
echo
row case LLaMS PyTorch ratio "MiB ours" "theirs" ratio
for shape in $SHAPES; do
  if has product; then
    for size in $(products "$shape"); do
      flops=$(echo "$size" | awk -Fx '{ printf "%.0f", 2 * $1 * $2 * $3 }')
      compare "$shape product $size TFLOP/s" "$flops" 1e12 product --size "$size" --dtype bf16 -- matmul "$size" --dtype bf16
    done
    compare "$shape product $size f32 TFLOP/s" "$flops" 1e12 product --size "$size" --dtype f32 -- matmul "$size" --dtype f32
  fi
  if has lora; then
    compare "$shape LoRA r8 tokens/s" "$TOKENS" 1 lora --config "$(config "$shape")" --tokens "$TOKENS" \
      -- train "$shape-lora-all-bf16-1x$TOKENS"
    compare "$shape LoRA r8 recompute tokens/s" "$TOKENS" 1 lora --config "$(config "$shape")" --tokens "$TOKENS" --recompute \
      -- train "$shape-lora-all-bf16-1x$TOKENS" --recompute
  fi
  if has full && [ "$shape" != 8B ]; then
    compare "$shape full f32 tokens/s" "$TOKENS" 1 full --config "$(config "$shape")" --tokens "$TOKENS" --recompute \
      -- train "$shape-full-f32-1x$TOKENS" --recompute
    compare "$shape full bf16 tokens/s" "$TOKENS" 1 -- train "$shape-full-bf16-1x$TOKENS" --recompute
  fi
  if has prefill; then
    compare "$shape prefill $TOKENS tokens/s" "$TOKENS" 1 prefill --config "$(config "$shape")" --tokens "$TOKENS" \
      -- prefill "$shape" --dtype bf16 --tokens "$TOKENS"
  fi
  if has decode; then
    compare "$shape decode, context to $CONTEXT, tokens/s" 1 1 decode --config "$(config "$shape")" --tokens "$CONTEXT" \
      -- decode "$shape" --dtype bf16 --tokens "$CONTEXT"
  fi
done
if has profile; then
  for shape in $SHAPES; do
    echo
    echo "$shape, LoRA steps of $TOKENS tokens, launched one by one for this, the first left out, time on the device by operation:"
    if LLAMS_JAVA_OPTS="${LLAMS_JAVA_OPTS:-} -Dllams.gpu.profile=true" \
        watched "$LLAMS" measure lora --config "$(config "$shape")" --tokens "$TOKENS" --seconds 0 --device gpu; then
      sed 's/^/  /' "$work/out" "$work/err"
    else
      echo "  failed: $(reason)"
    fi
  done
fi
