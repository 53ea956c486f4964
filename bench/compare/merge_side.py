#!/usr/bin/env python3
"""A chat vector as a PyTorch script adds it: tuned + (instruct - base), in f32, one tensor after the other.

    merge_side.py --base DIR --instruct DIR --tuned DIR --out DIR

Needs PyTorch and safetensors: pip install torch safetensors
"""
import argparse
import shutil
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("base", "instruct", "tuned", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir()
    shutil.copy(options.tuned / "config.json", options.out)
    for file in sorted(options.tuned.glob("*.safetensors")):
        merged = {}
        base, instruct, tuned = (safe_open(model / file.name, framework="pt")
                                 for model in (options.base, options.instruct, options.tuned))
        for name in tuned.keys():
            vector = instruct.get_tensor(name).float() - base.get_tensor(name).float()
            merged[name] = (tuned.get_tensor(name).float() + vector).to(torch.bfloat16)
        save_file(merged, options.out / file.name, metadata={"format": "pt"})


if __name__ == "__main__":
    main()
