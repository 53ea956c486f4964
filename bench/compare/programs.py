"""Runs programs: how long they take, and how much memory."""
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
LLAMS = HERE.parent.parent / "llams"


def run(command):
    """The program's output; a failure ends the comparison."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode:
        fail(command, done.returncode, done.stdout[-2000:] + done.stderr[-2000:])
    return done.stdout


def fail(command, code, said):
    sys.exit(f"{' '.join(map(str, command))[:500]} failed (exit code {code}):\n{said}")


def whole(command, stdin=os.devnull):
    """Seconds from start to end of a program, and its peak memory in MiB."""
    with open(stdin, "rb") as text, tempfile.TemporaryFile() as out:
        begin = time.perf_counter()
        process = subprocess.Popen(list(map(str, command)), stdin=text, stdout=out, stderr=out)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            out.seek(0)
            fail(command, process.returncode, out.read()[-2000:].decode("utf-8", "replace"))
    return seconds, used.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def llams_bench(benchmark, parameters, threads, quick):
    """Seconds of one call in 'llams bench', and the peak memory in MiB."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "result.json"
        run([LLAMS, "bench", benchmark + "$" if "." in benchmark else benchmark, "--no-ceilings", "--threads", threads,
             "--json", out, *(f"--param={name}={value}" for name, value in parameters.items()), *["--quick"] * quick])
        result, = json.loads(out.read_text(encoding="utf-8"))
    memory = [m["score"] for name, m in result["secondaryMetrics"].items() if name.endswith("peakMemory")]
    return 1 / result["primaryMetric"]["score"], memory[0] if memory else None


def measured_by(command):
    """Seconds and MiB as a script says them in a line of JSON."""
    result = json.loads(run(command))
    return result["seconds"], result["peakMiB"]
