"""CPU time and memory of process trees, from /proc."""

from __future__ import annotations

import os
import time
from pathlib import Path

_TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")
# In the text behind the command's name of /proc/PID/stat: the parent, and the four times.
_PARENT, _USER, _CHILDREN_SYSTEM = 1, 11, 14
_RESIDENT, _PAGE = 21, os.sysconf("SC_PAGE_SIZE")

REST_SECONDS = 0.25
AT_REST_CPU_SECONDS = 0.02  # an idle server's heartbeat within REST_SECONDS
SETTLE_SECONDS_MAX = 10.0


class Meter:
    """The CPU time that some process trees take between ``start`` and ``stop``."""

    def __init__(self, *roots: int) -> None:
        self._roots = roots
        self._before: list[float] = []
        self.seconds: list[float] = []  # by root

    def start(self) -> None:
        """Reads the meters."""
        self._before = [tree_seconds(root) for root in self._roots]

    def stop(self) -> None:
        """Reads them again."""
        self.seconds = [tree_seconds(root) - before for root, before in zip(self._roots, self._before, strict=True)]

    def settle(self) -> None:
        """Waits until the first tree rests: what was in flight when a generator hung up is still being recorded."""
        deadline = time.monotonic() + SETTLE_SECONDS_MAX
        spent = tree_seconds(self._roots[0])
        while time.monotonic() < deadline:
            time.sleep(REST_SECONDS)
            before, spent = spent, tree_seconds(self._roots[0])
            if spent - before <= AT_REST_CPU_SECONDS:
                return


def tree_seconds(root: int) -> float:
    """User and system time of ``root`` and everything below it.

    A process that ended is in it too: whoever waited for it carries its time on (a backend's in the postmaster).
    """
    parents, read = _processes()
    ticks = {process: sum(map(int, words[_USER : _CHILDREN_SYSTEM + 1])) for process, words in read.items()}
    return _TICK_SECONDS * sum(spent for process, spent in ticks.items() if _below(process, root, parents))


def tree_bytes(root: int) -> int:
    """Resident memory of ``root`` and everything below it; what they share counts for each."""
    parents, read = _processes()
    return sum(int(words[_RESIDENT]) * _PAGE for process, words in read.items() if _below(process, root, parents))


def _processes() -> tuple[dict[int, int], dict[int, list[str]]]:
    """(the parent of each process, what /proc says of it behind its name)"""
    parents: dict[int, int] = {}
    read: dict[int, list[str]] = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            words = (folder / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # ended between the listing and the reading
        parents[int(folder.name)], read[int(folder.name)] = int(words[_PARENT]), words
    return parents, read


def _below(process: int, root: int, parents: dict[int, int]) -> bool:
    while process not in (root, 0, 1):
        process = parents.get(process, 0)
    return process == root
