#!/usr/bin/env python3
"""Adapters of every form against PEFT: trained by LLaMS and computed by PEFT, filled by PEFT and computed by LLaMS.

    adapters.py LLAMS TOKENIZER TEXT WORK [FORM...]

LLAMS is the launcher, TOKENIZER a directory or file with a vocabulary, TEXT a file to train on, WORK a directory for small random
models with that vocabulary, FORM picks some of the forms. For each form: three steps of 'llams train' and the logits of
PEFT's model against ours; an adapter of the same form, filled with random numbers and saved by PEFT, and the logits again; the
adapter merged by 'llams merge adapter', and the logits of transformers' model. A row has the largest differences, in parts of the
largest logit. Then what else takes adapters: a merged model quantized, an adapter extracted from it, an adapter on quantized weights.

Needs PyTorch, transformers and peft. Ends with 1 if a difference exceeds 1e-4, or a command fails that should not."""
import json
import logging
import os
import random
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import peft
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

MOST = 1e-4
# Of Llama 3.
WORDS = 128256
CONFIG = dict(model_type="llama", architectures=["LlamaForCausalLM"], hidden_size=64, intermediate_size=192,
              num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=512, rms_norm_eps=1e-5,
              rope_theta=500000.0, bos_token_id=128000, eos_token_id=128001, initializer_range=0.05, torch_dtype="float32")
UNTIED, TIED, GROWN, NF4 = "untied", "tied", "grown", "nf4"
# name, base, options of 'llams train'
FORMS = [
    ("lora", UNTIED, "--rank 8"),
    ("rslora", UNTIED, "--rank 8 --rslora"),
    ("dora", UNTIED, "--rank 4 --dora"),
    ("patterns", UNTIED, "--rank 4 --rank-pattern q_proj=2,layers.1.mlp.down_proj=6 --alpha-pattern v_proj=3"),
    ("layers", UNTIED, "--rank 4 --lora-layers 0,2"),
    ("regex", UNTIED, r"--rank 4 --target-pattern .*\.[01]\..*(q|v)_proj"),
    ("ends", UNTIED, "--rank 4 --targets q,embed,head"),
    ("saved", UNTIED, "--rank 4 --targets q,v --modules-to-save embed,head"),
    ("saved-embed", UNTIED, "--rank 4 --targets q,v --modules-to-save embed"),
    ("dora-saved", UNTIED, "--rank 4 --dora --modules-to-save embed,head"),
    ("new-words", GROWN, "--rank 4 --targets q,v --modules-to-save embed,head"),
    ("tied-lora", TIED, "--rank 4"),
    ("tied-embed", TIED, "--rank 4 --targets v,embed"),
    ("tied-embed-both", TIED, "--rank 4 --targets v,embed --ensure-weight-tying"),
    ("tied-saved", TIED, "--rank 4 --targets v --modules-to-save embed"),
    ("tied-saved-both", TIED, "--rank 4 --targets v --modules-to-save embed --ensure-weight-tying"),
    ("nf4-lora", NF4, "--rank 4"),
    ("nf4-dora", NF4, "--rank 4 --dora"),
]
# The 16 values of NF4, to four digits as QLoRA has them.
NORMAL = [-1.0, -0.6962, -0.5251, -0.3949, -0.2844, -0.1848, -0.0911, 0.0,
          0.0796, 0.1609, 0.2461, 0.3379, 0.4407, 0.5626, 0.7230, 1.0]


class Refused(Exception):
    pass


class Check:
    def __init__(self, llams, tokenizer, text, work):
        self.llams, self.tokenizer, self.text, self.work = llams, tokenizer, text, work
        draw = random.Random(5)
        self.ids = [128000] + [draw.randrange(128000) for _ in range(23)]
        self.failed = False

    def call(self, *arguments):
        done = subprocess.run([self.llams, *map(str, arguments)], capture_output=True, text=True)
        if done.returncode != 0:
            raise Refused(done.stderr.strip().splitlines()[-1])
        return done.stdout

    def prepare(self):
        self.work.mkdir(parents=True, exist_ok=True)
        for name in (UNTIED, TIED):
            config = self.work / (name + ".json")
            config.write_text(json.dumps({**CONFIG, "vocab_size": WORDS, "tie_word_embeddings": name == TIED}))
            self.made(name, "init", "--config", config, "--dtype", "f32", "--tokenizer", self.tokenizer)
        self.made(GROWN, "extend", "-m", self.work / UNTIED, "--tokens", 40, "--text", self.text)
        self.made(NF4, "quantize", "-m", self.work / UNTIED, "--to", "nf4")

    def made(self, name, *command):
        out = self.work / name
        if not out.exists():
            self.call(*command, "--out", out)
        return out

    def ours(self, model, adapter=None):
        file = self.work / "tap.safetensors"
        file.unlink(missing_ok=True)
        self.call("generate", "-m", model, *(["--adapter", adapter] if adapter else []), "--ids",
                  ",".join(map(str, self.ids)), "-n", 1, "--temp", 0, "--print-ids", "--tap", file)
        return load_file(file)["logits"].double()

    def base(self, name):
        if name != NF4:
            return AutoModelForCausalLM.from_pretrained(self.work / name, dtype=torch.float32)
        model = self.base(UNTIED)
        weights = model.state_dict()
        for module, stored in load_file(self.work / NF4 / "model.safetensors").items():
            if stored.dtype == torch.uint8:
                weights[module].copy_(dequantized(stored, weights[module].shape))
        return model

    def theirs(self, model):
        model.eval()
        with torch.no_grad():
            return model(torch.tensor([self.ids])).logits[0].double()

    def far(self, name, ours, theirs):
        far = float((ours - theirs).abs().max() / theirs.abs().max())
        self.failed |= not far <= MOST
        return "%8.1e%s" % (far, "" if far <= MOST else "!")

    def form(self, name, base, options):
        adapter, filled, merged = (self.work / (name + "-" + kind) for kind in ("trained", "filled", "merged"))
        for old in (adapter, filled, merged):
            shutil.rmtree(old, ignore_errors=True)
        self.call("train", "-m", self.work / base, "--data", self.text, "--tokens", 64, "--steps", 3, "--warmup", 0, "--lr", 0.02,
                  "--no-report", "--out", adapter, *options.split())
        row = [self.far(name, self.ours(self.work / base, adapter),
                        self.theirs(peft.PeftModel.from_pretrained(self.base(base), adapter)))]
        fill(self.base(base), adapter, filled)
        model = peft.PeftModel.from_pretrained(self.base(base), filled)
        there = self.theirs(model)
        row.append(self.far(name, self.ours(self.work / base, filled), there))
        self.call("merge", "adapter", "--base", self.work / base, "--adapter", filled, "--out", merged)
        row.append(self.far(name, self.ours(merged), there))
        row.append(self.far(name, self.theirs(AutoModelForCausalLM.from_pretrained(merged, dtype=torch.float32)), there))
        print("%-16s %-7s %s" % (name, base, " ".join("%10s" % one for one in row)), *self.others(name, base, filled, merged),
              sep="  ", flush=True)

    def others(self, name, base, filled, merged):
        """What else there is to do with an adapter or its merged model: 'ok', or what the refusal says."""
        plain = self.work / (UNTIED if base == NF4 else base)
        out = self.work / "other"
        commands = {
            "quantize": ["quantize", "-m", merged, "--to", "nf4"],
            "extract": ["merge", "extract", "--base", plain, "--tuned", merged, "--rank", 8],
            "q8": ["generate", "-m", plain, "--weights", "q8", "--adapter", filled, "--ids", 1, "-n", 1],
            "continue": ["train", "-m", self.work / base, "--from-adapter", filled, "--data", self.text, "--tokens", 64, "--steps", 1,
                         "--no-report"],
        }
        for what, command in commands.items():
            shutil.rmtree(out, ignore_errors=True)
            try:
                self.call(*command, *([] if what == "q8" else ["--out", out]))
                yield what + " ok"
            except Refused as e:
                yield what + ": " + str(e)
        shutil.rmtree(out, ignore_errors=True)


def dequantized(stored, shape):
    """A weight from its bytes: codes, two a byte; a signed scale for every 64 elements; a factor for every 256 scales; their mean."""
    count = shape.numel()
    blocks = -(-count // 64)
    codes = torch.stack([stored[:(count + 1) // 2] >> 4, stored[:(count + 1) // 2] & 15], 1).flatten()[:count].long()
    at = (count + 1) // 2
    scales = stored[at:at + blocks].view(torch.int8).float()
    rest = bytes(stored[at + blocks:].tolist())
    factors = torch.frombuffer(bytearray(rest), dtype=torch.float32)
    scale = scales / factors[:-1].repeat_interleave(256)[:blocks] + factors[-1]
    return (torch.tensor(NORMAL)[codes] * scale.repeat_interleave(64)[:count]).reshape(shape)


def fill(base, like, out):
    """An adapter of the form of another one, with random numbers in place of what starts at zero, saved by PEFT."""
    torch.manual_seed(7)
    model = peft.get_peft_model(base, peft.LoraConfig.from_pretrained(like))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_" in name and "magnitude" not in name:
                parameter.normal_(0, 0.2)
            elif "modules_to_save" in name or "magnitude" in name:
                parameter.mul_(1 + 0.1 * torch.randn_like(parameter))
    model.save_pretrained(out)


def main():
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    llams, tokenizer, text, work, *chosen = sys.argv[1:]
    check = Check(llams, Path(tokenizer), Path(text), Path(work))
    check.prepare()
    print("%-16s %-7s %s" % ("form", "base", " ".join("%10s" % word for word in ("trained", "filled", "merged", "theirs"))))
    for name, base, options in FORMS:
        if not chosen or name in chosen:
            try:
                check.form(name, base, options)
            except Refused as e:
                check.failed = True
                print("%-16s %-7s refused: %s" % (name, base, e), flush=True)
    sys.exit(1 if check.failed else 0)


if __name__ == "__main__":
    main()
