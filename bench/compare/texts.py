"""Cases of compare.py about the tokenizer: one thread against tiktoken and Hugging Face's, and whole programs."""
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from case import Case
from programs import HERE, LLAMS, llams_bench, measured_by, whole

CHARACTERS = 1 << 20  # as many as TokenizerBenchmark takes
SIDE = HERE / "tokenizer_side.py"


def cases(options, folder):
    if not options.tokenizer or not options.text:
        print("the tokenizer is left out: it needs --tokenizer DIR and --text NAME=FILE")
        return
    model, tokenizer_json = (Path(options.tokenizer) / name for name in ("tokenizer.model", "tokenizer.json"))
    texts = dict(entry.split("=", 1) for entry in options.text)
    peers = dict(found_peers(model, tokenizer_json))
    for name, file in texts.items():
        text = Path(file).read_text(encoding="utf-8")
        size = len(text[:CHARACTERS].encode())
        for peer, command in peers.items():
            yield Case(f"encode {name}, {peer}",
                       lambda _, f=file: llams_bench("TokenizerBenchmark.encode", dict(tokenizer=model, text=f), 1,
                                                     options.quick),
                       lambda _, c=command, f=file: measured_by([*c, f]), bytes=size, threads=1)
    size = options.megabytes * 10**6

    def whole_program(command, name, file):
        long = Path(folder) / f"{name}.txt"
        if not long.exists():
            write_long(Path(file), long, size)
        return whole(command, long)

    for name, file in texts.items() if importlib.util.find_spec("tiktoken") else ():
        yield Case(f"tokenize {name} {options.megabytes} MB, tiktoken",
                   lambda _, n=name, f=file: whole_program([LLAMS, "tokenize", "--tokenizer", model], n, f),
                   lambda _, n=name, f=file: whole_program([sys.executable, SIDE, "whole", model], n, f),
                   memory=True, bytes=size, threads=os.cpu_count())


def found_peers(model, tokenizer_json):
    """Name and command, which a text follows."""
    if importlib.util.find_spec("tiktoken"):
        yield "tiktoken", [sys.executable, SIDE, "tiktoken", model]
    elif shutil.which("node") and not subprocess.run(["npm", "ls", "tiktoken"], capture_output=True).returncode:
        yield "tiktoken (npm)", ["node", HERE / "tiktoken_side.mjs", model]
    else:
        print(f"tiktoken is missing: '{sys.executable} -m pip install tiktoken', or 'npm install tiktoken' here")
    if importlib.util.find_spec("tokenizers") and tokenizer_json.is_file():
        yield "HF tokenizers", [sys.executable, SIDE, "tokenizers", tokenizer_json]
    else:
        print(f"Hugging Face's tokenizers are missing: '{sys.executable} -m pip install tokenizers', and a tokenizer.json")


def write_long(file, out, size):
    """The text again and again, each time without some more of its start, so that no two seams are alike."""
    text = file.read_text(encoding="utf-8")
    with out.open("wb") as sink:
        turn = 0
        while sink.tell() < size:
            sink.write(text[turn * 7 % len(text):].encode()[:size - sink.tell() + 3].decode("utf-8", "ignore").encode())
            turn += 1
