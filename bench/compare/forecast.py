#!/usr/bin/env python3
"""What 'llams train --dry-run' foretells of twenty runs, against what they take: peak memory and time of a step.

    forecast.py LLAMS WORK [NUMBER...]

LLAMS is the launcher, WORK a directory for models and runs, NUMBER picks some of the twenty. Each forecast and each run
is a process of its own, the forecast with an empty cache. Prints a row for each."""
import json
import os
import random
import shutil
import statistics
import subprocess
import sys

SHAPES = {
    "4M": dict(hidden_size=256, intermediate_size=768, num_hidden_layers=4, num_attention_heads=4,
               num_key_value_heads=2, vocab_size=4000),
    "18M": dict(hidden_size=384, intermediate_size=1024, num_hidden_layers=6, num_attention_heads=6,
                num_key_value_heads=2, vocab_size=12000),
    "60M": dict(hidden_size=512, intermediate_size=1536, num_hidden_layers=8, num_attention_heads=8,
                num_key_value_heads=4, vocab_size=32000),
}
FULL, EIGHT_BIT, COMPACT = "full", "full 8-bit", "full compact"
F32, BF16, Q8, NF4, DPO = "lora f32", "lora bf16", "lora q8", "lora nf4", "dpo bf16"
OPTIONS = {
    EIGHT_BIT: ["--optimizer", "adamw8bit"],
    COMPACT: ["--optimizer", "adamw8bit", "--train-dtype", "bf16", "--clip", "0"],
    Q8: ["--weights", "q8"], NF4: ["--weights", "nf4"], DPO: ["--method", "dpo"],
}
# shape, method and weights, batch, tokens, accumulate, recompute
RUNS = [
    ("4M", FULL, 1, 128, 1, False), ("4M", FULL, 8, 128, 1, False), ("4M", FULL, 4, 512, 1, False),
    ("4M", FULL, 4, 512, 1, True), ("4M", BF16, 1, 256, 1, False), ("4M", F32, 4, 256, 1, False),
    ("4M", COMPACT, 4, 512, 1, False), ("4M", DPO, 4, 128, 1, False),
    ("18M", FULL, 1, 256, 1, False), ("18M", FULL, 4, 256, 2, False), ("18M", FULL, 4, 512, 1, True),
    ("18M", BF16, 4, 256, 1, False), ("18M", Q8, 4, 256, 1, False), ("18M", DPO, 2, 256, 1, False),
    ("60M", FULL, 1, 256, 1, False), ("60M", EIGHT_BIT, 4, 256, 1, False), ("60M", COMPACT, 4, 256, 1, True),
    ("60M", BF16, 4, 256, 1, False), ("60M", BF16, 2, 1024, 1, True), ("60M", NF4, 4, 256, 1, False),
]
# A run's first seconds go to the compiler.
SECONDS = 12


def call(arguments, **environment):
    done = subprocess.run(arguments, env={**os.environ, **environment}, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return done.stdout


def prepare(llams, work):
    os.makedirs(work, exist_ok=True)
    draw = random.Random(1)
    with open(os.path.join(work, "ids.jsonl"), "w") as out:
        for _ in range(1500):
            ids = [draw.randint(3, 3999) for _ in range(draw.randint(300, 1500))]
            out.write(json.dumps({"ids": ids}) + "\n")
    # Longer than any sequence: about a token a letter.
    with open(os.path.join(work, "pairs.jsonl"), "w") as out:
        for _ in range(1500):
            texts = ["".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=k)) for k in (60, 300, 300)]
            out.write(json.dumps(dict(zip(("prompt", "chosen", "rejected"), texts))) + "\n")
    tokenizer = os.path.join(work, "tokenizer.model")
    if not os.path.exists(tokenizer):
        call([llams, "tokenize", "train", "--vocab", "257", "--out", tokenizer, os.path.join(work, "pairs.jsonl")])
    for name, shape in SHAPES.items():
        config = os.path.join(work, name + ".json")
        with open(config, "w") as out:
            json.dump({"model_type": "llama", "architectures": ["LlamaForCausalLM"], "max_position_embeddings": 4096,
                       "rms_norm_eps": 1e-5, "rope_theta": 500000.0, "tie_word_embeddings": False, "bos_token_id": 1,
                       "eos_token_id": 2, **shape}, out)
        for dtype in ("bf16", "f32"):
            if not os.path.exists(os.path.join(work, name + "-" + dtype)):
                call([llams, "init", "--config", config, "--dtype", dtype, "--out", os.path.join(work, name + "-" + dtype)])


def measure(llams, work, number):
    shape, kind, batch, tokens, accumulate, recompute = RUNS[number]
    out = os.path.join(work, "run%d" % number)
    cache = os.path.join(work, "cache%d" % number)
    for old in (out, cache):
        shutil.rmtree(old, ignore_errors=True)
    model = ["--init-config", os.path.join(work, shape + ".json")] if kind.startswith("full") else \
        ["-m", os.path.join(work, shape + ("-f32" if kind == F32 else "-bf16"))]
    data = ["--data", os.path.join(work, "ids.jsonl")] if kind != DPO else \
        ["--data", os.path.join(work, "pairs.jsonl"), "--tokenizer", os.path.join(work, "tokenizer.model")]
    arguments = [llams, "train", *model, *data, "--out", out, "--batch", str(batch), "--tokens", str(tokens),
                 "--accumulate", str(accumulate), "--save-every", "0", "--json", "--no-report"]
    arguments += ["--recompute"] if recompute else []
    arguments += OPTIONS.get(kind, [])
    told = json.loads(call([*arguments, "--steps", "10", "--dry-run"], XDG_CACHE_HOME=cache))
    # The warm-up and the steps that will be made.
    steps = max(12, min(600, int(SECONDS / told["stepSeconds"])))
    told_run = told["runSeconds"] + (steps - told["steps"]) * told["stepSeconds"]
    found = json.loads(call([*arguments, "--steps", str(steps)]))
    with open(os.path.join(out, "train.jsonl")) as lines:
        ends = [json.loads(line)["elapsedSeconds"] for line in lines]
    each = [after - before for before, after in zip(ends, ends[1:])]
    step = statistics.median(each[len(each) // 2:])
    shutil.rmtree(out, ignore_errors=True)
    mebi = 2.0 ** 20
    print("%2d  %-4s %-12s %d x %d x %-5d %-10s %7.0f %7.0f %5.2f   %8.4f %8.4f %5.2f" % (
        number, shape, kind, accumulate, batch, tokens, "recompute" if recompute else "", told["peakBytes"] / mebi,
        found["peakBytes"] / mebi, told["peakBytes"] / found["peakBytes"], told["stepSeconds"], step,
        told["stepSeconds"] / step), "run %.1f %.1f %.2f" % (told_run, ends[-1], told_run / ends[-1]), flush=True)


def main():
    llams, work = sys.argv[1:3]
    prepare(llams, work)
    print("    run                                        MiB: told  found ratio  seconds: told found ratio  whole run: told found ratio")
    for number in [int(word) for word in sys.argv[3:]] or range(len(RUNS)):
        measure(llams, work, number)


if __name__ == "__main__":
    main()
