"""What the figures of a comparison depend on: the date, the processor with its caches and instructions, the JDK."""
import datetime
import platform
import re
import subprocess
from pathlib import Path

# What decides: the width of vectors, bf16 and int8 products in vectors, and in tiles.
INSTRUCTIONS = ["avx2", "avx512f", "avx512_bf16", "avx512_vnni", "avx_vnni", "amx_bf16", "amx_int8", "asimd", "sve", "bf16"]


def processor():
    """Name and instructions."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine(), []
    values = dict(re.split(r"\s*:\s*", line, maxsplit=1) for line in lines if ":" in line)
    flags = values.get("flags", values.get("Features", "")).split()
    name = values.get("model name", platform.machine())
    if "cpu family" in values:
        name += f" (family {values['cpu family']}, model {values['model']})"
    return name, [flag for flag in INSTRUCTIONS if flag in flags]


def caches():
    found = []
    for cache in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        level, kind, size = ((cache / part).read_text().strip() for part in ("level", "type", "size"))
        if kind != "Instruction":
            found.append(f"L{level} {size}")
    return ", ".join(found) or "unknown"


def describe(llams, cores):
    name, instructions = processor()
    amx = [flag for flag in instructions if flag.startswith("amx")]
    version = subprocess.run([str(llams), "--version"], capture_output=True, text=True).stdout.strip()
    return (f"{datetime.date.today()}, {name}, {cores} cores, {caches()}\n"
            f"instructions: {', '.join(instructions)}; AMX: {', '.join(amx) or 'no'}\n{version}")
