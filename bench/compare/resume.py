"""Kills a worker (kill -9) of training runs of several kinds, resumes each with another number of workers, kills again, and
compares the end with that of an undisturbed run of one process.

    resume.py --llams ./llams --work DIR [--chain 4,1,2] [--only lora,dpo]

Prints a line for each kind. Needs Open MPI.
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

from workers import CONFIG, newest_save, workers_of

# Micro-batches of a step, whoever has them.
MICRO_BATCHES = 4
KINDS = {
    "lora": "--data DATA --lora-dropout 0.2 --steps 24 --save-every 6",
    "full": "--data DATA --method full --lr 1e-3 --steps 24 --save-every 6 --no-pack",
    "8bit": "--data DATA --method full --optimizer adamw8bit --train-dtype bf16 --clip 0 --lr 1e-3 --batch 2 --steps 24"
            " --save-every 6",
    "dpo": "--data PAIRS --method dpo --lr 1e-3 --steps 24 --save-every 6",
    "teacher": "--data DATA --method full --teacher TEACHER --lr 1e-3 --steps 24 --save-every 6",
    "answers": "--data DATA --teacher TEACHER --teacher-logits OUT.answers --lr 1e-3 --steps 24 --save-every 6",
    # The held-out loss rises, so the run ends before its second epoch does, and the best model is an early one.
    "early": "--data DATA --eval-data HELD --eval-every 3 --keep-best --patience 5 --lr 3e-2 --epochs 2 --save-every 6",
    "epochs": "--data HELD --lora-dropout 0.1 --epochs 3 --eval-data DATA --save-every 4",
}


def results(out):
    """Hashes of all that a run leaves but for its log, settings and saves; the losses and norms of its log."""
    hashes = {}
    for file in sorted(out.rglob("*")):
        name = str(file.relative_to(out))
        if file.is_file() and not name.startswith(("step-", "train.", "report.", ".", "run")) and file.suffix != ".md":
            hashes[name] = hashlib.sha256(file.read_bytes()).hexdigest()
    rows = [json.loads(line) for line in (out / "train.jsonl").read_text().splitlines()]
    return hashes, [(row["step"], row["loss"], row["gradNorm"], row.get("evalLoss")) for row in rows]


def write_inputs(work, llams):
    choose = random.Random(1)

    def ids(most):
        return [choose.randrange(3, 500) for _ in range(choose.randrange(8, most))]

    (work / "config.json").write_text(json.dumps(CONFIG))
    (work / "teacher.json").write_text(json.dumps(dict(CONFIG, num_hidden_layers=1, initializer_range=0.2)))
    (work / "DATA").write_text("".join(json.dumps({"ids": ids(60)}) + "\n" for _ in range(60)))
    (work / "HELD").write_text("".join(json.dumps({"ids": ids(60)}) + "\n" for _ in range(17)))
    with (work / "PAIRS").open("w") as pairs:
        for _ in range(60):
            prompt = ids(10)
            pairs.write(json.dumps({"prompt": str(prompt[0]), "chosen": str(ids(20)), "rejected": str(ids(20))}) + "\n")
    lines = [f"{base64(bytes([b]))} {b}" for b in range(256)]
    (work / "tokenizer.model").write_text("\n".join(lines) + "\n")
    for config, name in (("config.json", "model"), ("teacher.json", "TEACHER")):
        if not (work / name).exists():
            subprocess.run([llams, "init", "--config", work / config, "--tokenizer", work / "tokenizer.model", "--out",
                            work / name], check=True, stderr=subprocess.DEVNULL)


def base64(data):
    import base64 as codec
    return codec.b64encode(data).decode()


def command(given, options, out, workers):
    words = [str(given.work / word) if (given.work / word).exists() else word.replace("OUT", str(out))
             for word in options.split()]
    train = [given.llams, "train", "-m", str(given.work / "model"), "--tokens", "48", "--threads", "1", "--no-report",
             "--accumulate", str(MICRO_BATCHES // workers), *words, "--out", str(out)]
    return train if workers == 1 else ["mpirun", "-np", str(workers), "--bind-to", "none", *train]


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--llams", required=True)
    options.add_argument("--work", type=Path, required=True)
    options.add_argument("--chain", default="4,1,2")
    options.add_argument("--only", default=",".join(KINDS))
    given = options.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    given.work = given.work.absolute()
    write_inputs(given.work, given.llams)
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                       OMPI_MCA_rmaps_base_oversubscribe="1", OMPI_MCA_mpi_yield_when_idle="1")
    failed = False
    for kind in given.only.split(","):
        one, many = given.work / f"{kind}-one", given.work / f"{kind}-many"
        with (given.work / f"{kind}.log").open("w") as log:
            subprocess.run([*command(given, KINDS[kind], one, 1), "--sum", "pairwise"], check=True, stdout=log, stderr=log)
            told = []
            chain = [int(workers) for workers in given.chain.split(",")]
            for at, workers in enumerate(chain):
                before = newest_save(many)
                run = subprocess.Popen([*command(given, KINDS[kind], many, workers), "--resume"], env=environment,
                                       stdout=log, stderr=log)
                if at + 1 < len(chain):
                    while newest_save(many) == before and run.poll() is None:
                        time.sleep(0.02)
                    pids = workers_of(many)
                    if pids:
                        os.kill(random.choice(pids), signal.SIGKILL)
                code = run.wait()
                while workers_of(many):
                    time.sleep(0.05)
                told.append(f"{workers} {'killed' if code else 'ended'} at {newest_save(many)}")
        same = results(one) == results(many)
        failed |= not same
        print(f"{kind}: {'same' if same else 'OTHER'} files {sorted(results(many)[0])} and"
              f" {len(results(many)[1])} rows; {', '.join(told)}", flush=True)
    raise SystemExit(failed)


if __name__ == "__main__":
    main()
