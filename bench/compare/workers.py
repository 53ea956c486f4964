"""Kills random workers of a training run, resumes it each time, and compares the result with that of an undisturbed run of
one process.

    workers.py --llams ./llams --work DIR [--kills 50] [--workers 2]

Prints, for each kill, the save that was there and the seconds until all workers had ended; at the end whether the files are
the same. Needs Open MPI.
"""
import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

CONFIG = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 64, "intermediate_size": 176,
          "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 512,
          "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "torch_dtype": "float32",
          "initializer_range": 0.05, "bos_token_id": 1, "eos_token_id": 2, "tie_word_embeddings": False}


def sha256(file):
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()


def workers_of(out):
    """The processes that train into a directory, by pid."""
    pids = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"llams.cli.Main" in words and str(out).encode() in words:
            pids.append(int(process.name))
    return pids


def newest_save(out):
    saves = sorted(path.name for path in out.glob("step-*") if path.name[5:].isdigit())
    return saves[-1] if saves else "none"


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--llams", required=True)
    options.add_argument("--work", type=Path, required=True)
    options.add_argument("--kills", type=int, default=50)
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--steps", type=int, default=400)
    options.add_argument("--method", default="full")
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    choose = random.Random(given.seed)
    config, data, model = given.work / "config.json", given.work / "data.jsonl", given.work / "model"
    config.write_text(json.dumps(CONFIG))
    data.write_text("".join(
        json.dumps({"ids": [choose.randrange(3, 500) for _ in range(choose.randrange(10, 60))]}) + "\n"
        for _ in range(300)))
    if not model.exists():
        subprocess.run([given.llams, "init", "--config", config, "--out", model], check=True,
                       stderr=subprocess.DEVNULL)
    train = ["train", "-m", model, "--data", data, "--tokens", "32", "--method", given.method, "--steps",
             str(given.steps), "--lr", "1e-3", "--threads", "1", "--no-report"]
    one, many = given.work / "one", (given.work / "many").absolute()
    subprocess.run([given.llams, *train, "--sum", "pairwise", "--accumulate", str(given.workers), "--save-every", "0",
                    "--out", one], check=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                       OMPI_MCA_rmaps_base_oversubscribe="1", OMPI_MCA_mpi_yield_when_idle="1")
    command = ["mpirun", "-np", str(given.workers), "--bind-to", "none", given.llams, *train, "--save-every", "1",
               "--out", many, "--resume"]
    log = given.work / "log"
    longest = 0
    kills = 0
    while True:
        with log.open("w") as messages:
            run = subprocess.Popen(command, env=environment, stdout=messages, stderr=messages)
        if kills < given.kills:
            before = newest_save(many)
            # One of five is killed as it starts, the others after they have saved.
            saves = choose.random() > 0.2
            while saves and newest_save(many) == before and run.poll() is None:
                time.sleep(0.05)
            try:
                run.wait(timeout=choose.uniform(0, 3))
            except subprocess.TimeoutExpired:
                pids = workers_of(many)
                if pids:
                    os.kill(choose.choice(pids), signal.SIGKILL)
                    kills += 1
                    killed = time.monotonic()
                    save = newest_save(many)
                    run.wait(timeout=120)
                    while workers_of(many):
                        time.sleep(0.05)
                    longest = max(longest, time.monotonic() - killed)
                    print(f"kill {kills}: at {save}, all ended after {time.monotonic() - killed:.1f} s", flush=True)
        if run.wait() == 0:
            break
        if "signal 9" not in log.read_text() and "has ended" not in log.read_text():
            raise SystemExit(log.read_text())
    name = "model.safetensors" if given.method == "full" else "adapter_model.safetensors"
    same = sha256(one / name) == sha256(many / name)
    print(f"{kills} kills, at most {longest:.1f} s until all had ended; {'same bytes' if same else 'OTHER BYTES'}")
    raise SystemExit(0 if same else 1)


if __name__ == "__main__":
    main()
