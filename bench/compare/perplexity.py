#!/usr/bin/env python3
"""What each type of GGUF costs: size, and perplexity on a text beside that of BF16.

    perplexity.py MODEL TEXT                            # every type
    perplexity.py MODEL TEXT --types bf16,q4_0 --tokens 512
    perplexity.py MODEL TEXT --work DIR                 # where the files go

MODEL is a directory with a tokenizer, TEXT is what 'llams eval perplexity' reads. Perplexity is measured with the exported file.
"""
import argparse
import json
from pathlib import Path

from programs import LLAMS, run

TYPES = ["bf16", "f16", "q8_0", "q6_k", "q4_k_m", "q4_0"]
ROW = "| {} | {} | {} | {} | {} |"


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("text", type=Path)
    parser.add_argument("--types", default=",".join(TYPES), help="the first is what others are compared with")
    parser.add_argument("--tokens", type=int, default=512)
    parser.add_argument("--work", type=Path, default=Path("perplexity"))
    return parser.parse_args()


def perplexity(file, args):
    return json.loads(run([LLAMS, "eval", "perplexity", "-m", file, "--data", args.text, "--tokens", args.tokens, "--json"]))


def main():
    args = options()
    args.work.mkdir(parents=True, exist_ok=True)
    print(ROW.format("type", "bytes", "bits a weight", "perplexity", "difference"))
    print(ROW.format(*["---"] * 5))
    weights = first = None
    for kind in args.types.split(","):
        file = args.work / f"{kind}.gguf"
        file.unlink(missing_ok=True)
        exported = json.loads(run([LLAMS, "export", "gguf", "-m", args.model, "--out", file, "--type", kind, "--json"]))
        weights = weights or json.loads(run([LLAMS, "info", args.model, "--json"]))["parameters"]
        measured = perplexity(file, args)
        first = first or measured["perplexity"]
        print(ROW.format(kind.upper(), f"{file.stat().st_size:,}", f"{exported['bytes'] * 8 / weights:.2f}",
                         f"{measured['perplexity']:.3f}", f"{measured['perplexity'] / first - 1:+.2%}"), flush=True)
    print(f"\n{weights:,} weights, {measured['countedTokens']:,} tokens of text")


if __name__ == "__main__":
    main()
