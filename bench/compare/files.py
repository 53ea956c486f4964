"""Cases of compare.py about whole files: a merge of three models against PyTorch, quantizing against llama-quantize, and
copying as what no program can be faster than."""
import importlib.util
import shutil
import sys
from pathlib import Path

from case import Case
from programs import HERE, LLAMS, run, whole


def cases(options, folder):
    base, instruct, tuned, out = (Path(folder) / name for name in ("base", "instruct", "tuned", "out"))

    def made():
        """The three models, random ones, once."""
        for seed, model in enumerate((base, instruct, tuned)):
            if not model.exists():
                run([LLAMS, "init", "--config", options.shape, "--dtype", "bf16", "--seed", seed, "--out", model])

    def fresh(command):
        def side(_threads):
            made()
            shutil.rmtree(out, ignore_errors=True)
            out.with_suffix(".gguf").unlink(missing_ok=True)
            return whole(command)
        return side

    name = Path(options.shape).stem
    three = ["--base", base, "--instruct", instruct, "--tuned", tuned, "--out", out]
    merge = fresh([LLAMS, "merge", "chat-vector", *three])
    quantize = fresh([LLAMS, "quantize", "-m", base, "--out", out])
    copy = fresh(["cp", "-r", base, out])
    if importlib.util.find_spec("torch") and importlib.util.find_spec("safetensors"):
        yield Case(f"merge {name}, PyTorch", merge, fresh([sys.executable, HERE / "merge_side.py", *three]), memory=True)
    else:
        print(f"merging with PyTorch is left out: '{sys.executable} -m pip install torch safetensors'")
    yield Case(f"merge {name}, cp of one", merge, copy)
    yield Case(f"quantize {name}, cp", quantize, copy)
    gguf = dict(entry.split("=", 1) for entry in options.gguf).get("bf16")
    if gguf and shutil.which("llama-quantize"):
        yield Case(f"quantize {name}, llama-quantize", quantize,
                   lambda threads: fresh(["llama-quantize", gguf, out.with_suffix(".gguf"), "Q8_0", threads])(threads))
    else:
        print("llama-quantize is left out: it must be on the PATH, with a model of the same shape, --gguf bf16=FILE")
