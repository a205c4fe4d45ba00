"""What a process counts for whoever watches it: plain numbers, so that a purchase pays next to nothing for it.

With several processes behind one port, each writes its numbers down every second, and whichever is asked adds all of
them up; what a process counted that has ended stays counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import msgspec

from loyalty_api.domain.claims.answered import Answered
from loyalty_api.kernel.logging import logger
from loyalty_api.kernel.refusals import Refusal

PAUSE_SECONDS = 1.0
SIZES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)
SECONDS = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024, 4.096)
ANSWER_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)  # fewer: there is such a row for every route

log = logger(__name__)


class Tally(msgspec.Struct):
    """``requests``: by route and status; ``refusals``: by code; ``operations``: of GraphQL, by type and outcome;
    ``outcomes``: by queue and what became of a command; ``sizes`` and ``seconds`` of each queue's batches,
    ``request_seconds`` by route and ``operation_seconds`` by type: how many were at most each bound, the rest, and
    their sum."""

    requests: dict[str, dict[int, int]] = msgspec.field(default_factory=dict)
    refusals: dict[str, int] = msgspec.field(default_factory=dict)
    outcomes: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    sizes: dict[str, list[float]] = msgspec.field(default_factory=dict)
    seconds: dict[str, list[float]] = msgspec.field(default_factory=dict)
    operations: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    request_seconds: dict[str, list[float]] = msgspec.field(default_factory=dict)
    operation_seconds: dict[str, list[float]] = msgspec.field(default_factory=dict)

    def add(self, other: Tally) -> None:
        """Adds what another process counted."""
        for mine, others in (
            (self.requests, other.requests),
            (self.outcomes, other.outcomes),
            (self.operations, other.operations),
        ):
            for name, counts in others.items():
                _add_to(mine.setdefault(name, {}), counts)
        _add_to(self.refusals, other.refusals)
        for mine, others in (
            (self.sizes, other.sizes),
            (self.seconds, other.seconds),
            (self.request_seconds, other.request_seconds),
            (self.operation_seconds, other.operation_seconds),
        ):
            for name, counts in others.items():
                before = mine.get(name, [0] * len(counts))
                mine[name] = [one + more for one, more in zip(before, counts, strict=True)]


_requests: defaultdict[tuple[str, int], int] = defaultdict(int)
_refusals: defaultdict[str, int] = defaultdict(int)
_outcomes: defaultdict[tuple[str, str], int] = defaultdict(int)
_sizes: dict[str, list[float]] = {}
_seconds: dict[str, list[float]] = {}
_operations: defaultdict[tuple[str, str], int] = defaultdict(int)
_request_seconds: dict[str, list[float]] = {}
_operation_seconds: dict[str, list[float]] = {}


def count_request(route: str, status: int, seconds: float) -> None:
    """A request of a route was answered, so long after it had been read."""
    _requests[route, status] += 1
    _observe(_request_seconds, route, ANSWER_SECONDS, seconds)


def count_operation(operation: str, outcome: str, seconds: float | None) -> None:
    """An operation of GraphQL (query, mutation, subscription, or none that could be read) was answered, or begun
    (None)."""
    _operations[operation, outcome] += 1
    if seconds is not None:
        _observe(_operation_seconds, operation, ANSWER_SECONDS, seconds)


def count_refusal(code: str) -> None:
    """Somebody was told no, in an answer of its own or in that of a batch."""
    _refusals[code] += 1


def count_batch(queue: str, outcomes: Sequence[Answered | Refusal], seconds: float) -> None:
    """A batch of commands was written, in one transaction or, where that failed, in several."""
    replayed = [outcome.replayed for outcome in outcomes if isinstance(outcome, Answered)]
    again = sum(replayed)
    for outcome, count in (
        ("recorded", len(replayed) - again),
        ("replayed", again),
        ("refused", len(outcomes) - len(replayed)),
    ):
        if count:
            _outcomes[queue, outcome] += count
    _observe(_sizes, queue, SIZES, len(outcomes))
    _observe(_seconds, queue, SECONDS, seconds)


def tally_here() -> Tally:
    """What this process counted so far."""
    tally = Tally(
        refusals=dict(_refusals),
        sizes=_copy(_sizes),
        seconds=_copy(_seconds),
        request_seconds=_copy(_request_seconds),
        operation_seconds=_copy(_operation_seconds),
    )
    for (route, status), count in _requests.items():
        tally.requests.setdefault(route, {})[status] = count
    for (queue, outcome), count in _outcomes.items():
        tally.outcomes.setdefault(queue, {})[outcome] = count
    for (operation, outcome), count in _operations.items():
        tally.operations.setdefault(operation, {})[outcome] = count
    return tally


def tally_everywhere(directory: str) -> Tally:
    """What all processes of this server counted, each as of a second ago. ``directory`` empty: this one is alone."""
    total = tally_here()
    for path in Path(directory).glob("*.tally") if directory else ():
        if path.stem != str(os.getpid()):
            with contextlib.suppress(OSError, msgspec.MsgspecError):
                total.add(msgspec.msgpack.decode(path.read_bytes(), type=Tally))
    return total


async def share_tally(directory: str) -> None:
    """Writes this process's numbers down for the others, until it is cancelled."""
    path = Path(directory) / f"{os.getpid()}.tally"
    while True:
        await asyncio.sleep(PAUSE_SECONDS)
        try:
            fresh = path.with_suffix(".fresh")
            fresh.write_bytes(msgspec.msgpack.encode(tally_here()))
            fresh.replace(path)
        except OSError as error:
            log.warning("tally_not_shared", error=str(error))


def _observe(spreads: dict[str, list[float]], name: str, bounds: tuple[float, ...], value: float) -> None:
    spread = spreads.get(name)
    if spread is None:
        spread = spreads[name] = [0.0] * (len(bounds) + 2)
    spread[bisect_left(bounds, value)] += 1
    spread[-1] += value


def _add_to(mine: dict, others: dict) -> None:
    for name, count in others.items():
        mine[name] = mine.get(name, 0) + count


def _copy(spreads: dict[str, list[float]]) -> dict[str, list[float]]:
    return {name: list(spread) for name, spread in spreads.items()}
