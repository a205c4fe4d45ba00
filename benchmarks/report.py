"""From figures to a verdict: the medians of the rounds, the ratios between them, and what each must be."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from rich.box import SIMPLE_HEAD
from rich.table import Table

from benchmarks.rounds import Figures

_SHOWN = ("cpu_us", "api_cpu_us", "postgres_cpu_us", "generator_cpu_us", "per_second", "p50_ms", "p99_ms")


class Ratio(NamedTuple):
    """``above`` over ``below`` (a figure by itself where that is empty), and what it must and ought to be."""

    key: str
    words: str
    figure: str
    above: str
    below: str | None
    must: float
    aim: float
    at_least: bool = False

    def reaches(self, value: float, target: float) -> bool:
        """Whether ``value`` is as good as ``target``."""
        return value >= target if self.at_least else value <= target


PURCHASE = "purchase.64.product"
RATIOS = [
    Ratio(
        "orm_cpu_over_product_64",
        "ORM's CPU over ours",
        "cpu_us",
        "purchase.64.orm",
        PURCHASE,
        must=12,
        aim=20,
        at_least=True,
    ),
    Ratio(
        "product_cpu_over_postgres_64",
        "our CPU over PostgreSQL alone",
        "cpu_us",
        PURCHASE,
        "postgres.one_by_one_16",
        must=0.8,
        aim=0.5,
    ),
    Ratio(
        "per_second_over_postgres_64",
        "our purchases/s over PostgreSQL's",
        "per_second",
        PURCHASE,
        "postgres.one_by_one_16",
        must=1.2,
        aim=2,
        at_least=True,
    ),
    Ratio("p99_64_ms", "p99 (ms)", "p99_ms", PURCHASE, None, must=45, aim=20),
    Ratio(
        "cpu_2m_over_empty",
        "CPU at 2,000,000 purchases over none",
        "cpu_us",
        "large.2m",
        "large.empty",
        must=1.3,
        aim=1.15,
    ),
    Ratio(
        "cpu_10k_entries_over_new",
        "CPU at 10,000 entries over new",
        "cpu_us",
        "large.10k_entries",
        "large.new",
        must=1.1,
        aim=1.05,
    ),
    Ratio(
        "p50_single_over_bare",
        "p50, one connection, over bare",
        "p50_ms",
        "purchase.1.product",
        "postgres.bare_1",
        must=3,
        aim=2,
    ),
]


class Judged(NamedTuple):
    """A ratio of medians, and how far it spread over the rounds."""

    ratio: Ratio
    value: float
    lowest: float
    highest: float

    @property
    def verdict(self) -> str:
        """How good it is."""
        if self.ratio.reaches(self.value, self.ratio.aim):
            return "aim met"
        return "passes" if self.ratio.reaches(self.value, self.ratio.must) else "FAILS"


Rounds = Mapping[str, Sequence[Figures]]


def judge(rounds: Rounds, ratios: Sequence[Ratio] = RATIOS) -> list[Judged]:
    """Those ratios whose variants were measured."""
    judged = []
    for ratio in ratios:
        names = [name for name in (ratio.above, ratio.below) if name is not None]
        if all(name in rounds for name in names):
            columns = [[getattr(figures, ratio.figure) for figures in rounds[name]] for name in names]
            values = [statistics.median(column) for column in columns]
            by_round = [_over(row) for row in zip(*columns, strict=True)]
            judged.append(Judged(ratio, _over(values), min(by_round), max(by_round)))
    return judged


def _over(values: Sequence[float]) -> float:
    return values[0] / values[1] if len(values) > 1 else values[0]


def figures_table(rounds: Rounds, title: str) -> Table:
    """The medians by variant."""
    table = Table(title=title, box=SIMPLE_HEAD, title_justify="left")
    table.add_column("", no_wrap=True)
    for name in ("CPU µs", "API", "PostgreSQL", "per second", "p50 ms", "p99 ms"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, figures in rounds.items():
        middle = _medians(figures)
        table.add_row(
            name,
            *(f"{middle[each]:,.0f}" for each in ("cpu_us", "api_cpu_us", "postgres_cpu_us", "per_second")),
            *(f"{middle[each]:,.2f}" for each in ("p50_ms", "p99_ms")),
        )
    return table


def ratios_table(judged: Sequence[Judged]) -> Table:
    """The ratios with what they must be."""
    table = Table(box=SIMPLE_HEAD)
    table.add_column("", no_wrap=True)
    for name in ("ratio", "in the rounds", "must", "aim", ""):
        table.add_column(name, justify="right", no_wrap=True)
    for each in judged:
        sign = "≥" if each.ratio.at_least else "≤"
        table.add_row(
            each.ratio.words,
            f"{each.value:,.2f}",
            f"{each.lowest:,.2f}–{each.highest:,.2f}",
            f"{sign} {each.ratio.must:g}",
            f"{sign} {each.ratio.aim:g}",
            each.verdict,
        )
    return table


def result(rounds: Rounds, judged: Sequence[Judged], **more: object) -> dict:
    """What is written: figures by the path of their variant, ratios by their key."""
    written: dict = {}
    for name, figures in rounds.items():
        *path, last = name.split(".")
        place = written
        for part in path:
            place = place.setdefault(part, {})
        place[last] = _medians(figures) | {
            "lowest_highest": {each: _rounded(each, _column(figures, each), min, max) for each in _SHOWN}
        }
    written["ratios"] = {each.ratio.key: round(each.value, 3) for each in judged if each.ratio.below is not None}
    written["verdicts"] = {
        each.ratio.key: {
            "value": round(each.value, 3),
            "lowest_highest": [round(each.lowest, 3), round(each.highest, 3)],
            "must": each.ratio.must,
            "aim": each.ratio.aim,
            "verdict": each.verdict,
        }
        for each in judged
    }
    return written | more


def _medians(figures: Sequence[Figures]) -> dict[str, float]:
    return {name: _rounded(name, _column(figures, name), statistics.median)[0] for name in _SHOWN}


def _column(figures: Sequence[Figures], name: str) -> list[float]:
    return [getattr(each, name) for each in figures]


def _rounded(name: str, values: list[float], *of: Callable[[list[float]], float]) -> list[float]:
    digits = 3 if name.endswith("_ms") else 1
    return [round(each(values), digits) for each in of]
