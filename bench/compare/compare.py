#!/usr/bin/env python3
"""Runs LLaMS and its peers in turn on this machine and prints one table of ratios.

    compare.py                                  # every case, three rounds
    compare.py train --rounds 5                 # the cases with 'train' in their name
    compare.py --threads 1,2 linear
    compare.py --gguf bf16=Llama-3.2-1B-BF16.gguf --gguf q8_0=Llama-3.2-1B-Q8_0.gguf prefill decode

A ratio above 1 means that LLaMS is faster. In each round the two sides run one right after the other, so that what slows the
machine for a while slows both; the table shows the least, the median and the greatest ratio of all rounds, and for training
steps the median of our peak memory over theirs.

Nothing is installed. PyTorch's side needs 'pip install torch' for the Python that runs this. llama.cpp's side needs
'llama-bench' on the PATH (https://github.com/ggml-org/llama.cpp, also in package managers) and the 1B model as GGUF files.
A side that is missing is left out, and the script says so.
"""
import argparse
import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
LLAMS = HERE.parent.parent / "llams"
PROJECTIONS = ["1024x1024x1024", "512x2048x2048", "512x8192x2048", "512x2048x8192"]
STEPS = [("60M-lora-all", "f32", "4x256"), ("60M-full", "f32", "4x256"), ("1B-lora-qv", "bf16", "1x128")]


def torch_cases():
    """Name, our benchmark, its parameters, PyTorch's arguments."""
    for shape in PROJECTIONS:
        for dtype in ("f32", "bf16", "q8_0"):
            yield (f"linear {shape} {dtype}", "KernelBenchmark.linear", dict(shape=shape, dtype=dtype),
                   ["matmul", shape, "--dtype", "f32"])
    for what, ours, size in STEPS:
        for theirs in ("f32", "bf16"):
            yield (f"train {what} {size} {ours}, torch {theirs}", "TrainStepBenchmark", dict(shape=f"{what}-{ours}-{size}"),
                   ["train", f"{what}-{theirs}-{size}"])
    for dtype in ("f32", "bf16"):
        for what, tokens in (("prefill", "512"), ("decode", "128")):
            yield (f"{what} 1B {dtype}", f"PrefillDecodeBenchmark.{what}", dict(shape="1B", dtype=dtype, tokens=tokens),
                   [what, "1B", "--dtype", dtype, "--tokens", tokens])


def fail(side, done):
    sys.exit(f"{side} failed (exit code {done.returncode}):\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def ours(benchmark, parameters, threads, options):
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "result.json")
        command = [str(LLAMS), "bench", benchmark + "$" if "." in benchmark else benchmark, "--no-ceilings",
                   "--threads", str(threads), "--json", out]
        command += [f"--param={name}={value}" for name, value in parameters.items()]
        done = subprocess.run(command + ["--quick"] * options.quick, capture_output=True, text=True)
        if done.returncode:
            fail("llams bench", done)
        with open(out, encoding="utf-8") as file:
            result, = json.load(file)
    memory = [m["score"] for name, m in result["secondaryMetrics"].items() if name.endswith("peakMemory")]
    return 1 / result["primaryMetric"]["score"], memory[0] if memory else None


def torch_side(arguments, threads, options):
    command = [sys.executable, str(HERE / "torch_side.py"), *arguments, "--threads", str(threads)]
    done = subprocess.run(command + (["--seconds", "1"] if options.quick else []), capture_output=True, text=True)
    if done.returncode:
        fail("PyTorch", done)
    result = json.loads(done.stdout)
    return result["seconds"], result["peakMiB"]


def llama_bench(file, what, threads, _options):
    """Seconds for what our benchmark does in one call: 512 tokens of a prompt, or one new token."""
    counts = ["-p", "512", "-n", "0"] if what == "prefill" else ["-p", "0", "-n", "128"]
    done = subprocess.run(["llama-bench", "-m", file, *counts, "-t", str(threads), "-ngl", "0", "-r", "2", "-o", "json"],
                          capture_output=True, text=True)
    if done.returncode:
        fail("llama-bench", done)
    result, = json.loads(done.stdout)
    return (512 if what == "prefill" else 1) / result["avg_ts"], None


def cases(options):
    """Name, our benchmark, its parameters, a function that runs the other side."""
    if importlib.util.find_spec("torch"):
        for name, benchmark, parameters, arguments in torch_cases():
            yield name, benchmark, parameters, lambda t, a=arguments: torch_side(a, t, options)
    else:
        print(f"PyTorch is not there: install it with '{sys.executable} -m pip install torch'", file=sys.stderr)
    if options.gguf and not shutil.which("llama-bench"):
        print("llama-bench is not on the PATH; see https://github.com/ggml-org/llama.cpp", file=sys.stderr)
        return
    for entry in options.gguf:
        dtype, equals, file = entry.partition("=")
        if not equals or not os.path.isfile(file):
            sys.exit(f"--gguf must be DTYPE=FILE with an existing file, not {entry}")
        for what, tokens in (("prefill", "512"), ("decode", "128")):
            yield (f"{what} 1B {dtype}, llama.cpp", f"PrefillDecodeBenchmark.{what}",
                   dict(shape="1B", dtype=dtype, tokens=tokens), lambda t, f=file, w=what: llama_bench(f, w, t, options))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", help="only cases with one of these in their name")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", default=str(os.cpu_count()), help="one or more, as 1,2 (default: all cores)")
    parser.add_argument("--gguf", action="append", default=[], metavar="DTYPE=FILE", help="a 1B model for llama-bench")
    parser.add_argument("--quick", action="store_true", help="short measurements, to see that all runs")
    options = parser.parse_args()
    row = "{:<44} {:>7} {:>11} {:>11} {:>6} {:>6} {:>6} {:>7}"
    print(row.format("case", "threads", "ours", "theirs", "min", "median", "max", "memory"), flush=True)
    found = False
    for name, benchmark, parameters, other in cases(options):
        if options.words and not any(word in name for word in options.words):
            continue
        found = True
        for threads in map(int, options.threads.split(",")):
            rounds = [(ours(benchmark, parameters, threads, options), other(threads)) for _ in range(options.rounds)]
            ratios = [theirs[0] / mine[0] for mine, theirs in rounds]
            memory = [mine[1] / theirs[1] for mine, theirs in rounds if mine[1] and theirs[1] and name.startswith("train")]
            print(row.format(name, threads, *(f"{1e3 * statistics.median(s[i][0] for s in rounds):.2f} ms" for i in (0, 1)),
                             f"{min(ratios):.2f}", f"{statistics.median(ratios):.2f}", f"{max(ratios):.2f}",
                             f"{statistics.median(memory):.2f}" if memory else ""), flush=True)
    if not found:
        sys.exit("no case fits")


if __name__ == "__main__":
    main()
