#!/usr/bin/env python3
"""Runs LLaMS and its peers in turn on this machine and prints one table of ratios.

    compare.py                                  # every case, three rounds
    compare.py train --rounds 5                 # the cases with 'train' in their name
    compare.py --threads 1,2 linear
    compare.py --gguf bf16=1B-BF16.gguf --gguf q8_0=1B-Q8_0.gguf --gguf q4_0=1B-Q4_0.gguf prefill decode quantize
    compare.py --tokenizer DIR --text korean=ko.txt --text english=en.txt encode tokenize
    compare.py merge quantize

A ratio above 1 means that LLaMS is faster. In each round the two sides run one right after the other, so that what slows the
machine for a while slows both; the table shows the least, the median and the greatest ratio of all rounds and, where it says
something, the median of our peak memory over theirs.

Nothing is installed. PyTorch's side needs 'pip install torch safetensors' for the Python that runs this, the tokenizer's
'pip install tiktoken tokenizers'. llama.cpp's side needs 'llama-bench' and 'llama-quantize' on the PATH
(https://github.com/ggml-org/llama.cpp, also in package managers) and the 1B model as GGUF files. A side that is missing is
left out, and the script says so.
"""
import argparse
import itertools
import os
import statistics
import sys
import tempfile

import files
import machine
import models
import texts
from programs import LLAMS

ROW = "{:<44} {:>7} {:>11} {:>11} {:>6} {:>6} {:>6} {:>7}"


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", help="only cases with one of these in their name")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", default=str(os.cpu_count()), help="one or more, as 1,2 (default: all cores)")
    parser.add_argument("--gguf", action="append", default=[], metavar="DTYPE=FILE", help="a 1B model for llama.cpp")
    parser.add_argument("--tokenizer", metavar="DIR", help="with Llama 3's tokenizer.model and tokenizer.json")
    parser.add_argument("--text", action="append", default=[], metavar="NAME=FILE", help="to encode")
    parser.add_argument("--megabytes", type=int, default=50, help="of text for whole programs (default: 50)")
    parser.add_argument("--shape", default="llama3.2-1b", help="of the models to merge: a name or a config.json")
    parser.add_argument("--quick", action="store_true", help="short measurements, to see that all runs")
    return parser.parse_args()


def shown(case, seconds):
    return f"{case.bytes / seconds / 1e6:.1f} MB/s" if case.bytes else f"{1e3 * seconds:.2f} ms"


def compare(case, threads, rounds):
    """Prints a row."""
    ours, theirs = zip(*((case.ours(threads), case.theirs(threads)) for _ in range(rounds)))
    ratios = [t[0] / o[0] for o, t in zip(ours, theirs)]
    memory = [o[1] / t[1] for o, t in zip(ours, theirs)] if case.memory else []
    print(ROW.format(case.name, threads, *(shown(case, statistics.median(s[0] for s in side)) for side in (ours, theirs)),
                     f"{min(ratios):.2f}", f"{statistics.median(ratios):.2f}", f"{max(ratios):.2f}",
                     f"{statistics.median(memory):.2f}" if memory else ""), flush=True)
    if memory:
        print("    peak memory " + " and ".join(f"{statistics.median(s[1] for s in side):.0f} MiB" for side in (ours, theirs)),
              flush=True)


def main():
    chosen = options()
    print(machine.describe(LLAMS, os.cpu_count()))
    with tempfile.TemporaryDirectory() as folder:
        cases = list(itertools.chain(models.cases(chosen), texts.cases(chosen, folder), files.cases(chosen, folder)))
        print(ROW.format("case", "threads", "ours", "theirs", "min", "median", "max", "memory"), flush=True)
        fitting = [case for case in cases if not chosen.words or any(word in case.name for word in chosen.words)]
        for case in fitting:
            for threads in [case.threads] if case.threads else map(int, chosen.threads.split(",")):
                compare(case, threads, chosen.rounds)
    if not fitting:
        sys.exit("no case fits")


if __name__ == "__main__":
    main()
