#!/usr/bin/env python3
"""Checks exported GGUF files against llama.cpp: does it load them, continue as we do, and quantize to the same bytes?

    gguf.py MODEL                                       # every type
    gguf.py MODEL --types f32,q8_0 --tokens 64
    gguf.py MODEL --adapter ADAPTER                     # the adapter as a file of its own, with --lora
    gguf.py MODEL --work DIR                            # where the files go

MODEL is a directory with a tokenizer. For each type, llama-server continues some prompts greedily; so do we, computing in F32 with
the very weights of the file ('llams import gguf --dtype f32'). The table has how many tokens were equal before the first that was
not, how far our two best scores were apart there, and the largest difference between the log-probabilities of its best five tokens
and ours at the first 16, also as a share of the standard deviation of our scores there.

llama.cpp rounds what it multiplies weights with: to F16 or BF16 for weights of these types, to 8 bits for quantized ones; we do not.
So a second line of each type is for a file with the same weights in F32, where it rounds nothing: what is left there is ours. The
script fails if a share is beyond LIMITS, or tokens differ where the limit cannot explain it. The last column has how many bytes of
the tensors differ from what llama-quantize makes of the F32 file.

Nothing is installed: llama-server and llama-quantize must be on the PATH. Without them the script says so, and ends with 0.
"""
import argparse
import json
import math
import random
import shutil
import socket
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request
from array import array
from pathlib import Path

from programs import LLAMS, run

TYPES = ["f32", "f16", "bf16", "q8_0", "q4_0", "q4_k_m", "q6_k"]
QUANTIZED = ["q8_0", "q4_0", "q4_k_m", "q6_k"]
# Of the standard deviation of the scores.
LIMITS = {"f32": 1e-4, "f16": 5e-3, "bf16": 5e-2, "q8_0": 0.1, "q4_0": 0.1, "q4_k_m": 0.2, "q6_k": 0.2}
PROBABILITIES = 16
ROW = "{:<24} {:>12} {:>10} {:>10} {:>10} {:>16}"
BLOCKS = {0: (1, 4), 1: (1, 2), 2: (32, 18), 8: (32, 34), 12: (256, 144), 13: (256, 176), 14: (256, 210), 30: (1, 2)}


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--adapter", type=Path)
    parser.add_argument("--types", default=",".join(TYPES))
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--prompts", type=int, default=4)
    parser.add_argument("--work", type=Path, default=Path("gguf-check"))
    return parser.parse_args()


def tensors(file):
    """The bytes of every tensor of a GGUF file, by name."""
    data = file.read_bytes()
    at = 4

    def take(form):
        nonlocal at
        value, = struct.unpack_from("<" + form, data, at)
        at += struct.calcsize(form)
        return value

    def text():
        nonlocal at
        length = take("Q")
        at += length
        return data[at - length:at].decode()

    def skip(kind):
        if kind == 8:
            text()
        elif kind == 9:
            element, count = take("I"), take("Q")
            for _ in range(count):
                skip(element)
        else:
            take("BbHhIif?__Qqd"[kind])

    take("I")
    count, keys = take("Q"), take("Q")
    for _ in range(keys):
        text()
        skip(take("I"))
    infos = []
    for _ in range(count):
        name, rank = text(), take("I")
        elements = math.prod(take("Q") for _ in range(rank))
        kind, offset = take("I"), take("Q")
        per, size = BLOCKS.get(kind, (1, 0))
        infos.append((name, kind, offset, elements // per * size))
    start = -(-at // 32) * 32
    return {name: (kind, data[start + offset:start + offset + size]) for name, kind, offset, size in infos}


def different_bytes(ours, theirs):
    a, b = tensors(ours), tensors(theirs)
    if a.keys() != b.keys():
        return "other tensors"
    if any(a[name][0] != b[name][0] for name in a):
        return "other types: " + ", ".join(name for name in a if a[name][0] != b[name][0])
    total = sum(len(content) for _, content in a.values())
    return f"{sum(x != y for name in a for x, y in zip(a[name][1], b[name][1]))} of {total}"


class Server:
    """llama-server with one model."""

    def __init__(self, model, lora=None):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = ["llama-server", "-m", model, "--port", self.port, "-c", 1024, "-t", 1, "--no-webui", "-np", 1,
                   "-ctk", "f32", "-ctv", "f32", "-fa", "off"]
        self.log = open(str(model) + ".log", "w")
        self.process = subprocess.Popen([*map(str, command + (["--lora", lora] if lora else []))], stdout=self.log,
                                        stderr=self.log)

    def __enter__(self):
        for _ in range(600):
            if self.process.poll() is not None:
                sys.exit(f"llama-server ended; see {self.log.name}")
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health")
                return self
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        sys.exit(f"llama-server does not answer; see {self.log.name}")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.log.close()

    def asked(self, prompt, tokens):
        body = {"prompt": prompt, "n_predict": tokens, "temperature": 0, "n_probs": 5, "return_tokens": True,
                "ignore_eos": True}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/completion", json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        return json.load(urllib.request.urlopen(request))

    def continued(self, prompt, tokens):
        """Its greedy tokens; nothing ends them."""
        return self.asked(prompt, tokens)["tokens"]

    def best(self, prompt):
        """The log-probabilities of the best five next tokens, by id; none if the best ends within a character."""
        steps = self.asked(prompt, 1).get("completion_probabilities", [])
        return {best["id"]: best["logprob"] for best in steps[0]["top_logprobs"]} if steps else {}


def our_scores(model, ids, work, adapter=None):
    """Our logits after each of the ids, computed at once."""
    file = work / "tap.safetensors"
    file.unlink(missing_ok=True)
    run([LLAMS, "generate", "-m", model, "--ids", ",".join(map(str, ids)), "-n", "1", "--temp", "0", "--tap", file,
         *(["--adapter", adapter] if adapter else [])])
    data = file.read_bytes()
    length, = struct.unpack_from("<Q", data)
    entry = json.loads(data[8:8 + length])["logits"]
    begin, end = entry["data_offsets"]
    values = array("f", data[8 + length + begin:8 + length + end])
    vocab = entry["shape"][1]
    return [values[i:i + vocab] for i in range(0, len(values), vocab)]


def ends(model):
    """The ids that end a text, which llama-server does not choose here."""
    added = json.loads((model / "tokenizer.json").read_text(encoding="utf-8"))["added_tokens"]
    return [token["id"] for token in added if token["content"] in ("<|end_of_text|>", "<|eot_id|>", "<|eom_id|>")]


def compare(name, kind, server, model, prompts, tokens, work, adapter=None):
    """A row: the worst of all prompts. Whether it is as it should be."""
    left_out = ends(model)
    equal, gap, off, share = tokens, 0.0, 0.0, 0.0
    fits = True
    for prompt in prompts:
        theirs = server.continued(prompt, tokens)
        # Where its tokens lead, our scores at once: up to the first that is not ours, that is our own continuation.
        scores = our_scores(model, prompt + theirs, work, adapter)[len(prompt) - 1:]
        for i, token in enumerate(theirs):
            mean = sum(scores[i]) / len(scores[i])
            spread = math.sqrt(sum((score - mean) ** 2 for score in scores[i]) / len(scores[i]))
            if i < PROBABILITIES:
                highest = max(scores[i])
                total = highest + math.log(sum(math.exp(score - highest) for score in scores[i]))
                here = max((abs(scores[i][one] - total - their)
                            for one, their in server.best(prompt + theirs[:i]).items()), default=0)
                off, share = max(off, here), max(share, here / spread)
            for end in left_out:
                scores[i][end] = -math.inf
            lost = max(scores[i]) - scores[i][token]
            if lost > 0:
                equal, gap = min((equal, gap), (i, lost))
                # Two scores may each be off by the limit.
                fits &= lost / spread <= 2 * LIMITS[kind]
                break
    fits &= share <= LIMITS[kind]
    print(ROW.format(name, f"{equal} of {tokens}", f"{gap:.2g}" if equal < tokens else "-", f"{off:.2g}", f"{share:.1e}",
                     "" if fits else "NOT OK"), flush=True)
    return fits


def main():
    args = options()
    missing = [program for program in ("llama-server", "llama-quantize") if not shutil.which(program)]
    if missing:
        print(f"Skipped: there is no {' and no '.join(missing)} on the PATH.")
        return
    args.work.mkdir(parents=True, exist_ok=True)
    vocab = json.loads((args.model / "config.json").read_text())["vocab_size"]
    random.seed(1)
    prompts = [[random.randrange(min(vocab, 400)) for _ in range(8)] for _ in range(args.prompts)]
    print(ROW.format("type", "equal tokens", "gap there", "log-prob.", "share", "other bytes"))
    fits = True
    exact = args.work / "f32.gguf"
    exact.unlink(missing_ok=True)
    run([LLAMS, "export", "gguf", "-m", args.model, "--out", exact, "--type", "f32"])
    for kind in args.types.split(","):
        file, back = args.work / f"{kind}.gguf", args.work / f"{kind}-f32"
        if kind != "f32":
            file.unlink(missing_ok=True)
            run([LLAMS, "export", "gguf", "-m", args.model, "--out", file, "--type", kind])
        shutil.rmtree(back, ignore_errors=True)
        run([LLAMS, "import", "gguf", file, "--out", back, "--dtype", "f32"])
        with Server(file) as server:
            fits &= compare(kind, kind, server, back, prompts, args.tokens, args.work)
        if kind != "f32":
            widened = args.work / "widened.gguf"
            widened.unlink(missing_ok=True)
            run([LLAMS, "export", "gguf", "-m", back, "--out", widened, "--type", "f32"])
            with Server(widened) as server:
                fits &= compare("  the same in F32", "f32", server, back, prompts, args.tokens, args.work)
        if kind in QUANTIZED:
            theirs = args.work / f"{kind}.theirs.gguf"
            run(["llama-quantize", exact, theirs, kind.upper()])
            different = different_bytes(file, theirs)
            fits &= different.startswith("0 of")
            print(ROW.format("  against llama-quantize", "", "", "", "", different), flush=True)
    if args.adapter:
        lora = args.work / "adapter.gguf"
        lora.unlink(missing_ok=True)
        run([LLAMS, "export", "gguf", "-m", args.model, "--adapter", args.adapter, "--adapter-only", "--out", lora])
        with Server(exact, lora) as server:
            fits &= compare("f32 --lora", "f32", server, args.model, prompts, args.tokens, args.work, args.adapter)
    if not fits:
        sys.exit("NOT OK: beyond the limits")


if __name__ == "__main__":
    main()
