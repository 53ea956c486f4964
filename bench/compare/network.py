"""Compares the model of docs/distributed/SCALING.md with workers in network namespaces, whose links `tc` slows.

    network.py --llams ./llams --classpath CP --work DIR [--rates 100mbit 1gbit] [--workers 1 2 4]

Prints, told by the model and measured: sums alone, then steps of full training and of LoRA. CP has the classes of the module
mpi, its tests and what they need. Needs Linux, root, iproute2, Open MPI, and a `java` of 25 or newer on the PATH.
"""
import argparse
import json
import math
import os
import random
import re
import statistics
import subprocess
from pathlib import Path

CONFIG = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 384, "intermediate_size": 1024,
          "num_hidden_layers": 8, "num_attention_heads": 6, "num_key_value_heads": 3, "vocab_size": 8000,
          "max_position_embeddings": 1024, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "torch_dtype": "float32",
          "initializer_range": 0.02, "bos_token_id": 1, "eos_token_id": 2, "tie_word_embeddings": False}
RANK = 64
TOKENS = 512
STEPS = 7
SUM_BYTES = 20971520
BUCKET_BYTES = 1 << 20
PAYLOAD = 1448 / 1514  # of the bytes that tc counts
BYTES_PER_SECOND = {"100mbit": 12.5e6 * PAYLOAD, "1gbit": 125e6 * PAYLOAD, "10gbit": 1250e6 * PAYLOAD}


def sizes():
    """Bytes of gradients: of all weights, of the embedding, of an adapter."""
    dim, hidden, layers, vocab = (CONFIG[name] for name in
                                  ("hidden_size", "intermediate_size", "num_hidden_layers", "vocab_size"))
    kv = dim // CONFIG["num_attention_heads"] * CONFIG["num_key_value_heads"]
    shapes = [(dim, dim), (kv, dim), (kv, dim), (dim, dim), (hidden, dim), (hidden, dim), (dim, hidden)]
    weights = layers * sum(rows * columns for rows, columns in shapes) + 2 * vocab * dim + (2 * layers + 1) * dim
    adapter = layers * sum(RANK * (rows + columns) for rows, columns in shapes)
    return 4 * weights, 4 * vocab * dim, 4 * adapter


def told(method, pass_seconds, workers, bandwidth, handling):
    """Seconds of a step: see SCALING.md.

    handling: seconds for a byte on a link that is not slowed, which is the processor's time
    """
    weights, table, adapter = sizes()
    part = (workers - 1) / workers
    if method == "full":
        # Embedding and head each go to one worker.
        whole = min(math.log2(workers), 2 * part) * table
        sums, last, back = part * (weights - 2 * table) + 2 * whole, whole, part * weights
        backward = 2 / 3 * pass_seconds
    else:
        sums, last, back = 2 * part * adapter, 2 * part * min(adapter, BUCKET_BYTES), 0
        backward = 1 / 2 * pass_seconds
    return (pass_seconds + (sums + back) * handling + max(sums / bandwidth - backward, last / bandwidth)
            + back / bandwidth)


class Network:
    """A bridge with a namespace for each worker; both ends of each link have the rate."""

    def __init__(self, workers):
        self.names = ["llams-bridge"] + [f"llams-{worker}" for worker in range(workers)]
        for name in self.names:
            self.run(f"ip netns add {name}")
        self.inside(0, "ip link add br0 type bridge", "ip link set br0 up")
        for worker in range(workers):
            name, port = self.names[worker + 1], f"port{worker}"
            self.run(f"ip link add eth0 netns {name} type veth peer name {port} netns {self.names[0]}")
            self.inside(0, f"ip link set {port} master br0", f"ip link set {port} up")
            self.inside(worker + 1, "ip link set lo up", f"ip addr add 10.77.0.{worker}/24 dev eth0",
                        "ip link set eth0 up")

    def slow(self, rate):
        for worker in range(len(self.names) - 1):
            for index, device in (0, f"port{worker}"), (worker + 1, "eth0"):
                self.inside(index, f"tc qdisc replace dev {device} root tbf rate {rate} burst 128kb latency 100ms")

    @staticmethod
    def run(command):
        subprocess.run(command.split(), check=True)

    def inside(self, index, *commands):
        for command in commands:
            self.run(f"ip netns exec {self.names[index]} {command}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for name in self.names:
            self.run(f"ip netns del {name}")

    def mpirun(self, work, command):
        """Its output; a script in the place of ssh enters the namespaces."""
        workers = len(self.names) - 1
        agent = work / "enter"
        agent.write_text('#!/bin/bash\nworker=${1##*.}; shift\n'
                         'exec ip netns exec llams-$worker unshare -u bash -c "hostname worker$worker; $*"\n')
        agent.chmod(0o755)
        hosts = ",".join(f"10.77.0.{worker}:1" for worker in range(workers))
        mpirun = ["mpirun", "--mca", "plm_rsh_agent", agent, "--mca", "oob_tcp_if_include", "10.77.0.0/24", "--mca",
                  "btl_tcp_if_include", "10.77.0.0/24", "--mca", "btl", "tcp,self", "--mca", "pml", "ob1", "--bind-to",
                  "none", "-np", str(workers), "-H", hosts, *command]
        shell = "hostname worker0; exec " + " ".join(map(str, mpirun))
        environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
        run = subprocess.run(["ip", "netns", "exec", self.names[1], "unshare", "-u", "bash", "-c", shell],
                             env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if run.returncode:
            raise SystemExit(run.stdout)
        return run.stdout


def seconds(out, workers=1):
    """Of a step, by the log of a run; the first ones run on code that is not compiled yet."""
    rows = [json.loads(line) for line in (out / "train.jsonl").read_text().splitlines()]
    return statistics.median(workers * TOKENS / row["tokensPerSecond"] for row in rows[-4:])


def sums(text):
    """What ReduceTime prints: milliseconds by kind of sum."""
    return {name: float(millis) for name, millis in re.findall(r"workers, (.*), \d+ bytes: (.*) ms", text)}


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--llams", required=True, type=Path)
    options.add_argument("--classpath", required=True)
    options.add_argument("--work", type=Path, required=True)
    options.add_argument("--rates", nargs="+", default=["100mbit", "1gbit"])
    options.add_argument("--workers", nargs="+", type=int, default=[1, 2, 4])
    options.add_argument("--methods", nargs="*", default=["full", "lora"])
    given = options.parse_args()
    work = given.work.absolute()
    work.mkdir(parents=True, exist_ok=True)
    config, data, model = work / "config.json", work / "data.jsonl", work / "model"
    config.write_text(json.dumps(CONFIG))
    choose = random.Random(1)
    data.write_text("".join(json.dumps({"ids": [choose.randrange(3, 8000) for _ in range(TOKENS - 1)]}) + "\n"
                            for _ in range(100)))
    if not model.exists():
        subprocess.run([given.llams, "init", "--config", config, "--out", model], check=True, stderr=subprocess.DEVNULL)

    def train(method, out):
        subprocess.run(["rm", "-rf", out], check=True)
        return [given.llams.absolute(), "train", "-m", model, "--data", data, "--tokens", str(TOKENS), "--steps",
                str(STEPS), "--threads", "1", "--no-report", "--save-every", "0", "--method", method, "--out", out,
                *(["--rank", str(RANK)] if method == "lora" else [])]

    java = ["java", "-Xmx256m", "--enable-native-access=ALL-UNNAMED", "-cp", given.classpath, "llams.mpi.ReduceTime",
            str(SUM_BYTES)]
    passes = {}
    for workers in given.workers:
        for method in given.methods:
            outs = [work / f"alone{worker}" for worker in range(workers)]
            alone = [subprocess.Popen(train(method, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                     for out in outs]
            if any(process.wait() for process in alone):
                raise SystemExit("a run of one worker failed")
            passes[method, workers] = statistics.median(map(seconds, outs))
            print(f"{method}, {workers} processes that do not talk: {passes[method, workers]:.3f} s a step", flush=True)
        if workers == 1:
            continue
        bytes_sent = 2 * (workers - 1) / workers * SUM_BYTES
        with Network(workers) as network:
            free = sums(network.mpirun(work, java))
            print(f"{workers} workers, not slowed: {free}", flush=True)
            for rate in given.rates:
                network.slow(rate)
                bandwidth = BYTES_PER_SECOND[rate]
                expected = bytes_sent / bandwidth * 1e3 + min(free.values())
                print(f"{rate}, {workers} workers: {sums(network.mpirun(work, java))}, told {expected:.1f}", flush=True)
                for method in given.methods:
                    network.mpirun(work, train(method, work / "many"))
                    measured = seconds(work / "many", workers)
                    expected = told(method, passes[method, workers], workers, bandwidth,
                                    min(free.values()) * 1e-3 / bytes_sent)
                    print(f"{rate}, {workers} workers, {method}: {measured:.3f} s a step, told {expected:.3f}",
                          flush=True)


if __name__ == "__main__":
    main()
