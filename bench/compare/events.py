#!/usr/bin/env python3
"""Reads what a run wrote for TensorBoard with TensorBoard's own reader, and compares it with the run's log.

    events.py RUN

RUN is the directory of a run with --tensorboard. Needs tensorboard. Ends with 1 if a figure differs."""
import json
import struct
import sys
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def single(number):
    """As a float of 32 bits."""
    return struct.unpack("f", struct.pack("f", number))[0]


def main():
    run = Path(sys.argv[1])
    events = EventAccumulator(str(run / "tensorboard"), size_guidance={"scalars": 0})
    events.Reload()
    wanted = {}
    for line in (run / "train.jsonl").read_text().splitlines():
        row = json.loads(line)
        for name, value in row.items():
            if isinstance(value, (int, float)) and not name.startswith("step"):
                wanted.setdefault(name, []).append((row["step"] + 1, single(value)))
    wrong = sorted(set(wanted) ^ set(events.Tags()["scalars"]))
    for name in sorted(set(wanted) & set(events.Tags()["scalars"])):
        found = [(one.step, single(one.value)) for one in events.Scalars(name)]
        print("%-20s %5d figures, %s" % (name, len(found), "as in the log" if found == wanted[name] else "others than in the log"))
        wrong += [name] * (found != wanted[name])
    print("wrong: " + ", ".join(wrong) if wrong else "all figures of the log, and no others")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
