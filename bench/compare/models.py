"""Cases of compare.py about models: products, training and inference against PyTorch, inference against llama.cpp."""
import importlib.util
import json
import os
import shutil
import sys

from case import Case
from programs import HERE, llams_bench, measured_by, run

PROJECTIONS = ["1024x1024x1024", "512x2048x2048", "512x8192x2048", "512x2048x8192"]
STEPS = [("60M-lora-all", "f32", "4x256"), ("60M-full", "f32", "4x256"), ("1B-lora-qv", "bf16", "1x128")]
INFERENCE = [("prefill", "512"), ("decode", "128")]


def cases(options):
    if importlib.util.find_spec("torch"):
        yield from torch_cases(options)
    else:
        print(f"PyTorch is missing: install it with '{sys.executable} -m pip install torch'")
    if options.gguf and shutil.which("llama-bench"):
        yield from llama_cases(options)
    else:
        print("llama.cpp is left out: it needs llama-bench on the PATH and a model, --gguf")


def torch_cases(options):
    for shape in PROJECTIONS:
        for dtype in ("f32", "bf16", "q8_0"):
            yield torch_case(f"linear {shape} {dtype}", "KernelBenchmark.linear", dict(shape=shape, dtype=dtype),
                             ["matmul", shape, "--dtype", "f32"], options)
    for what, ours, size in STEPS:
        for theirs in ("f32", "bf16"):
            yield torch_case(f"train {what} {size} {ours}, torch {theirs}", "TrainStepBenchmark",
                             dict(shape=f"{what}-{ours}-{size}"), ["train", f"{what}-{theirs}-{size}"], options)
    for dtype in ("f32", "bf16"):
        for what, tokens in INFERENCE:
            yield torch_case(f"{what} 1B {dtype}", f"PrefillDecodeBenchmark.{what}",
                             dict(shape="1B", dtype=dtype, tokens=tokens),
                             [what, "1B", "--dtype", dtype, "--tokens", tokens], options)


def torch_case(name, benchmark, parameters, arguments, options):
    command = [sys.executable, HERE / "torch_side.py", *arguments, *["--seconds", "1"] * options.quick, "--threads"]
    return Case(name, lambda threads: llams_bench(benchmark, parameters, threads, options.quick),
                lambda threads: measured_by([*command, threads]), memory=name.startswith("train"))


def llama_cases(options):
    for entry in options.gguf:
        dtype, equals, file = entry.partition("=")
        if not equals or not os.path.isfile(file):
            sys.exit(f"--gguf must be DTYPE=FILE with an existing file, not {entry}")
        # LLaMS has no weights of four bits: its eight stand against them.
        ours = "q8_0" if dtype.startswith("q4") else dtype
        for what, tokens in INFERENCE:
            parameters = dict(shape="1B", dtype=ours, tokens=tokens)
            yield Case(f"{what} 1B {ours}, llama.cpp {dtype}",
                       lambda t, w=what, p=parameters: llams_bench(f"PrefillDecodeBenchmark.{w}", p, t, options.quick),
                       lambda t, w=what, f=file: llama_bench(f, w, t))


def llama_bench(file, what, threads):
    """Seconds for what our benchmark does in one call: 512 tokens of a prompt, or one new token."""
    counts = ["-p", "512", "-n", "0"] if what == "prefill" else ["-p", "0", "-n", "128"]
    result, = json.loads(run(["llama-bench", "-m", file, *counts, "-t", threads, "-ngl", "0", "-r", "2", "-o", "json"]))
    return (512 if what == "prefill" else 1) / result["avg_ts"], None
