#!/usr/bin/env python3
"""One measurement of another tokenizer.

    tokenizer_side.py tiktoken tokenizer.model TEXT        # seconds to encode the text once, on one thread, as a JSON line
    tokenizer_side.py tokenizers tokenizer.json TEXT
    tokenizer_side.py whole tokenizer.model < TEXT         # the ids, by tiktoken's one-liner

Of a text as many characters are taken as TokenizerBenchmark takes. Needs tiktoken or tokenizers: pip install tiktoken
"""
import json
import os
import resource
import statistics
import sys
import time

CHARACTERS = 1 << 20
SECONDS = 3
PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
           r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def tiktoken(file):
    from tiktoken import Encoding
    from tiktoken.load import load_tiktoken_bpe
    return Encoding("file", pat_str=PATTERN, mergeable_ranks=load_tiktoken_bpe(file), special_tokens={})


def measure(encode, text):
    """Prints the mean of all calls but the first."""
    times, start = [], time.perf_counter()
    while len(times) < 2 or time.perf_counter() - start < SECONDS:
        before = time.perf_counter()
        ids = encode(text)
        times.append(time.perf_counter() - before)
    print(json.dumps({"seconds": statistics.fmean(times[1:]), "ids": len(ids),
                      "peakMiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def main():
    what, file, *rest = sys.argv[1:]
    if what == "whole":
        text = sys.stdin.buffer.read().decode()
        print(*tiktoken(file).encode_ordinary(text))
        return
    with open(rest[0], encoding="utf-8", newline="") as source:
        text = source.read()[:CHARACTERS]
    if what == "tiktoken":
        measure(tiktoken(file).encode_ordinary, text)
    else:
        os.environ["TOKENIZERS_PARALLELISM"] = "false"
        from tokenizers import Tokenizer
        encoding = Tokenizer.from_file(file)
        measure(lambda t: encoding.encode(t, add_special_tokens=False).ids, text)


if __name__ == "__main__":
    main()
