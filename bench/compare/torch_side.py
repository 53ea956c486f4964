#!/usr/bin/env python3
"""One measurement with PyTorch: prints the seconds that one call takes, as a JSON line.

    torch_side.py matmul 512x8192x2048 --dtype f32
    torch_side.py train 60M-lora-all-f32-4x256
    torch_side.py prefill 1B --dtype bf16 --tokens 512
    torch_side.py decode 1B --dtype bf16 --tokens 128
    torch_side.py train 8B-lora-all-bf16-1x2048 --recompute --device cuda

The cases are named as those of 'llams bench' are, and do the same arithmetic: Llama 3's layers with random weights,
scaled_dot_product_attention, cross-entropy, clipping and AdamW. Needs PyTorch: pip install torch
"""
import argparse
import json
import resource
import statistics
import time

START = time.perf_counter()
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

#        dim  hidden  layers heads kv  vocab  tied
SHAPES = {"60M": (512, 1536, 8, 8, 4, 32000, False),
          "1B": (2048, 8192, 16, 32, 8, 128256, True),
          "8B": (4096, 14336, 32, 32, 8, 128256, False),
          "tiny": (64, 176, 3, 8, 2, 512, False)}
TARGETS = {"full": (), "qv": ("q", "v"), "all": ("q", "k", "v", "o", "gate", "up", "down")}
# Of products on a card, so many between two waits for it, as LLaMS has in a program; at most so many results.
PRODUCTS, RESULTS = 8, 1 << 28
DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}
RANK = 8


class Projection(nn.Module):
    """x W^T, plus a low-rank adapter if it has one."""

    def __init__(self, inputs, outputs, adapted, dtype):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, dtype=dtype) * 0.02)
        self.a = self.b = None
        if adapted:
            self.a = nn.Parameter(torch.rand(RANK, inputs, dtype=dtype) * 0.1 - 0.05)
            self.b = nn.Parameter(torch.zeros(outputs, RANK, dtype=dtype))

    def forward(self, x):
        y = F.linear(x, self.weight)
        return y if self.a is None else y + 2.0 * F.linear(F.linear(x, self.a), self.b)


class Layer(nn.Module):
    def __init__(self, shape, adapted, dtype):
        super().__init__()
        dim, hidden, _, self.heads, self.kv, _, _ = shape
        self.head_dim = dim // self.heads
        kv_dim = self.kv * self.head_dim
        sizes = dict(q=(dim, dim), k=(dim, kv_dim), v=(dim, kv_dim), o=(dim, dim),
                     gate=(dim, hidden), up=(dim, hidden), down=(hidden, dim))
        for name, (inputs, outputs) in sizes.items():
            setattr(self, name, Projection(inputs, outputs, name in adapted, dtype))
        self.norm1 = nn.RMSNorm(dim, eps=1e-5, dtype=dtype)
        self.norm2 = nn.RMSNorm(dim, eps=1e-5, dtype=dtype)

    def split(self, x, heads):
        return x.unflatten(-1, (heads, self.head_dim)).transpose(1, 2)

    def forward(self, x, angles, cache, position):
        y = self.norm1(x)
        q = rotate(self.split(self.q(y), self.heads), angles)
        k = rotate(self.split(self.k(y), self.kv), angles)
        v = self.split(self.v(y), self.kv)
        if cache is not None:
            end = position + x.shape[1]
            cache[0][:, :, position:end], cache[1][:, :, position:end] = k, v
            k, v = cache[0][:, :, :end], cache[1][:, :, :end]
        y = F.scaled_dot_product_attention(q, k, v, is_causal=x.shape[1] > 1, enable_gqa=True)
        x = x + self.o(y.transpose(1, 2).flatten(2))
        y = self.norm2(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


def rotate(x, angles):
    left, right = x.chunk(2, -1)
    cos, sin = angles
    return torch.cat((left * cos - right * sin, right * cos + left * sin), -1)


class Model(nn.Module):
    def __init__(self, shape, adapted, dtype, tokens):
        super().__init__()
        dim, _, layers, heads, _, vocab, tied = shape
        self.embedding = nn.Parameter(torch.randn(vocab, dim, dtype=dtype) * 0.02)
        self.head = self.embedding if tied else nn.Parameter(torch.randn(vocab, dim, dtype=dtype) * 0.02)
        self.layers = nn.ModuleList(Layer(shape, adapted, dtype) for _ in range(layers))
        self.norm = nn.RMSNorm(dim, eps=1e-5, dtype=dtype)
        self.recompute = False
        half = dim // heads // 2
        turns = torch.outer(torch.arange(tokens), 500000.0 ** (-torch.arange(half) / half))
        self.cos, self.sin = turns.cos().to(dtype), turns.sin().to(dtype)

    def forward(self, ids, caches=None, position=0, last_only=False):
        x = F.embedding(ids, self.embedding)
        angles = (self.cos[position:position + ids.shape[1]], self.sin[position:position + ids.shape[1]])
        for i, layer in enumerate(self.layers):
            if self.recompute:
                x = checkpoint(layer, x, angles, None, 0, use_reentrant=False)
            else:
                x = layer(x, angles, caches[i] if caches else None, position)
        return F.linear(self.norm(x[:, -1:] if last_only else x), self.head)


def matmul(shape, dtype, _tokens, _recompute):
    m, n, k = map(int, shape.split("x"))
    x, weight = torch.randn(m, k).to(DTYPES[dtype]), torch.randn(n, k).to(DTYPES[dtype])

    def call():
        with torch.no_grad():
            F.linear(x, weight)
    return call


def train(case, _dtype, _tokens, recompute):
    name, method, *rest = case.split("-")
    targets = rest[0] if method == "lora" else "full"
    dtype, size = rest[-2:]
    rows, tokens = map(int, size.split("x"))
    shape = SHAPES[name]
    model = Model(shape, TARGETS[targets], DTYPES[dtype], tokens)
    model.recompute = recompute
    if method == "lora":
        for key, parameter in model.named_parameters():
            parameter.requires_grad_(key.endswith((".a", ".b")))
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=3e-4, weight_decay=0.01)
    ids = torch.randint(0, shape[5], (rows, tokens))

    def call():
        scores = model(ids)[:, :-1]
        loss = F.cross_entropy(scores.flatten(0, 1).float(), ids[:, 1:].flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        assert loss.isfinite()
    return call


def with_cache(name, dtype, tokens):
    shape = SHAPES[name]
    model = Model(shape, (), DTYPES[dtype], tokens).eval()
    head_dim = shape[0] // shape[3]
    caches = [tuple(torch.zeros(1, shape[4], tokens, head_dim, dtype=DTYPES[dtype]) for _ in "kv") for _ in model.layers]
    return shape, model, caches


def prefill(name, dtype, tokens, _recompute):
    shape, model, caches = with_cache(name, dtype, tokens)
    ids = torch.randint(0, shape[5], (1, tokens))

    def call():
        with torch.no_grad():
            model(ids, caches, 0, last_only=True)
    return call


def decode(name, dtype, tokens, _recompute):
    _, model, caches = with_cache(name, dtype, tokens)
    one, at = torch.tensor([[1]]), [0]

    def call():
        with torch.no_grad():
            model(one, caches, at[0])
        at[0] = (at[0] + 1) % tokens
    return call


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["matmul", "train", "prefill", "decode"])
    parser.add_argument("shape")
    parser.add_argument("--dtype", default="f32", choices=list(DTYPES))
    parser.add_argument("--tokens", type=int, default=512)
    parser.add_argument("--threads", type=int, default=0, help="0: PyTorch's own choice")
    parser.add_argument("--seconds", type=float, default=3.0, help="least time to measure")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--recompute", action="store_true", help="in training, make a layer's activations again")
    options = parser.parse_args()
    torch.set_default_device(options.device)
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    once = globals()[options.what](options.shape, options.dtype, options.tokens, options.recompute)
    repeated = 1
    if options.device == "cuda" and options.what == "matmul":
        m, n, _ = map(int, options.shape.split("x"))
        repeated = max(1, min(PRODUCTS, RESULTS // (m * n)))

    def call():
        for _ in range(repeated):
            once()
        if options.device == "cuda":
            torch.cuda.synchronize()
    call()
    first = time.perf_counter() - START
    start = time.perf_counter()
    warm = 0
    while warm < 1 or time.perf_counter() - start < options.seconds / 3:
        call()
        warm += 1
    times, start = [], time.perf_counter()
    while len(times) < 2 or time.perf_counter() - start < options.seconds:
        before = time.perf_counter()
        call()
        times.append((time.perf_counter() - before) / repeated)
    print(json.dumps({"seconds": statistics.fmean(times), "median": statistics.median(times), "calls": len(times),
                      "firstSeconds": first,
                      "peakMiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                      "devicePeakMiB": torch.cuda.max_memory_reserved() / 2**20 if options.device == "cuda" else None,
                      "threads": torch.get_num_threads(), "torch": torch.__version__}))


if __name__ == "__main__":
    main()
