"""Turns: every variant runs for some seconds, one after the other, round after round; the first round warms up.

Whatever else the machine does falls on all of them, so their ratios hold where their figures drift.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from benchmarks.cpu import Meter
from benchmarks.load import Round


class Generator(Protocol):
    """What sends purchases: ``Load``, ``Wrk`` or ``Pgbench``."""

    def run(self, seconds: float, tick: Callable[[], None], meter: Meter) -> Round:
        """Sends for ``seconds``; starts and stops the meter."""
        ...


class Variant(NamedTuple):
    """One thing that is measured. ``api``: the process whose tree serves it; None: PostgreSQL alone."""

    name: str
    database: str
    generator: Generator
    api: int | None
    before_turn: Callable[[], None] = lambda: None


class Figures(NamedTuple):
    """One turn; CPU per purchase in microseconds. ``cpu_us`` is that of the API and PostgreSQL together."""

    cpu_us: float
    api_cpu_us: float
    postgres_cpu_us: float
    generator_cpu_us: float
    per_second: float
    p50_ms: float
    p99_ms: float
    answered: int
    sent: int


def take_turns(
    variants: Sequence[Variant],
    *,
    postgres: int,
    seconds: float,
    rounds: int,
    say: Callable[[str], None],
    tick: Callable[[], None],
) -> dict[str, list[Figures]]:
    """The figures of each variant, the warm-up first. ``postgres``: the server's process."""
    figures: dict[str, list[Figures]] = {variant.name: [] for variant in variants}
    for number in range(rounds + 1):
        for variant in variants:
            say(f"{f'round {number} of {rounds}' if number else 'warming up'}: {variant.name}")
            variant.before_turn()
            figures[variant.name].append(_turn(variant, postgres, seconds, tick))
    return figures


def _turn(variant: Variant, postgres: int, seconds: float, tick: Callable[[], None]) -> Figures:
    meter = Meter(*([postgres] if variant.api is None else [variant.api, postgres]))
    seen = variant.generator.run(seconds, tick, meter)
    spent = meter.seconds
    return Figures(
        cpu_us=sum(spent) / seen.sent * 1e6,
        api_cpu_us=sum(spent[:-1]) / seen.sent * 1e6,
        postgres_cpu_us=spent[-1] / seen.sent * 1e6,
        generator_cpu_us=seen.cpu_seconds / seen.sent * 1e6,
        per_second=seen.answered / seen.seconds,
        p50_ms=seen.p50_ms,
        p99_ms=seen.p99_ms,
        answered=seen.answered,
        sent=seen.sent,
    )
