"""What is measured, in the order of the turns: those that are compared stand beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import NamedTuple

from benchmarks.history import Members
from benchmarks.load import Load
from benchmarks.postgres.pgbench import Pgbench
from benchmarks.purchases import Cards, Requests
from benchmarks.rounds import Variant
from benchmarks.served import HOST
from benchmarks.shop import FIRST_CARD
from benchmarks.stage import Stage
from benchmarks.wrk import Wrk, wrk_path

MEMBERS = Members(ordinary=100_000, ordinary_entries=16, busy=40)
ALONE = "alone"  # the database of the stored function
HOT_PERMILLE = 100
_NUMBERS = 10**10  # of the references of each variant

_EVERYBODY = Cards(FIRST_CARD, MEMBERS.ordinary)
_HOT = Cards(FIRST_CARD, MEMBERS.ordinary, HOT_PERMILLE)
_BUSY = Cards(FIRST_CARD + MEMBERS.ordinary, MEMBERS.busy)
# As few as the busy ones, and the next ones before each turn, so that they stay new.
_NEW = _BUSY


class Plan(NamedTuple):
    """A variant before it is opened. ``name``: its place in the result. ``fresh``: other cards each turn.
    ``one_process``: of few members nearly every batch has the same ones, and two processes would run one batch after
    the other again, as they lose their races."""

    name: str
    database: str
    connections: int
    cards: Cards = _EVERYBODY
    fresh: bool = False
    one_process: bool = False


PLANS = [
    Plan("purchase.1.product", "product", 1),
    Plan("postgres.bare_1", ALONE, 1),
    Plan("purchase.1.orm", "orm", 1),
    Plan("purchase.16.product", "product", 16),
    Plan("purchase.16.orm", "orm", 16),
    Plan("purchase.64.product", "product", 64),
    Plan("postgres.one_by_one_16", ALONE, 16),
    Plan("purchase.64.orm", "orm", 64),
    Plan("purchase.256.product", "product", 256),
    Plan("purchase.256.orm", "orm", 256),
    Plan("hot_member.64", "product", 64, _HOT),
    Plan("large.empty", "empty", 64),
    Plan("large.2m", "history", 64),
    Plan("large.new", "history", 64, _NEW, fresh=True, one_process=True),
    Plan("large.10k_entries", "history", 64, _BUSY, one_process=True),
]


def members_needed(rounds: int) -> int:
    """How many members the shop has to have, with the new ones of every turn."""
    return MEMBERS.ordinary + MEMBERS.busy * (rounds + 2)


def open_variants(
    stage: Stage, plans: Sequence[Plan], arguments: dict[str, str], at: datetime, opened: ExitStack
) -> list[Variant]:
    """The variants, ready to run; ``arguments`` of the stored function, ``at``: when the purchases occurred."""
    return [_open(stage, plan, PLANS.index(plan) * _NUMBERS, arguments, at, opened) for plan in plans]


def _open(stage: Stage, plan: Plan, number: int, arguments: dict[str, str], at: datetime, opened: ExitStack) -> Variant:
    if plan.database == ALONE:
        pgbench = Pgbench(stage.server, plan.database, arguments, plan.cards, clients=plan.connections, number=number)
        return Variant(plan.name, plan.database, opened.enter_context(pgbench), None)
    served = stage.served(plan.database, one_process=plan.one_process)
    requests = Requests(stage.shop, HOST, at, plan.cards, number=number)
    generator = (Wrk if wrk_path() else Load)((HOST, served.port), requests, connections=plan.connections)

    def turn_page() -> None:
        requests.cards = requests.cards._replace(first=requests.cards.first + plan.cards.count)

    return Variant(
        plan.name,
        plan.database,
        opened.enter_context(generator),
        served.process_id,
        *([turn_page] if plan.fresh else []),
    )
