"""CPU time of process trees, from /proc."""

from __future__ import annotations

import os
from pathlib import Path

_TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")
# In the text behind the command's name of /proc/PID/stat: the parent, and the four times.
_PARENT, _USER, _CHILDREN_SYSTEM = 1, 11, 14


def tree_seconds(root: int) -> float:
    """User and system time of ``root`` and everything below it.

    A process that ended is in it too: whoever waited for it carries its time on (a backend's in the postmaster).
    """
    parents: dict[int, int] = {}
    ticks: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            words = (folder / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # ended between the listing and the reading
        process = int(folder.name)
        parents[process] = int(words[_PARENT])
        ticks[process] = sum(map(int, words[_USER : _CHILDREN_SYSTEM + 1]))
    return _TICK_SECONDS * sum(spent for process, spent in ticks.items() if _below(process, root, parents))


def _below(process: int, root: int, parents: dict[int, int]) -> bool:
    while process not in (root, 0, 1):
        process = parents.get(process, 0)
    return process == root
