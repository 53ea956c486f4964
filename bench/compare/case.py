"""One row of compare.py's table."""
from typing import Callable, NamedTuple


class Case(NamedTuple):
    """The two sides take a number of threads and give seconds and, or None, MiB."""
    name: str
    ours: Callable
    theirs: Callable
    memory: bool = False  # whether the ratio of the memories says something
    bytes: int = 0  # of a text, for MB/s
    threads: int = 0  # if the case has its own
