"""Proves the ledger from its rows: works every law and every decision out again, from the first entry of every member.

Reads only, and imports nothing that writes. Members are taken in pages, each page seen at one instant, so that it
can run beside a busy till and needs the same memory for ten members as for ten million.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from loyalty_api.domain.lifecycle.laws import Broken, MemberRows, check_member
from loyalty_api.domain.lifecycle.laws_adjustments import check_adjustments
from loyalty_api.domain.lifecycle.laws_budgets import SLICES, BudgetSums
from loyalty_api.domain.lifecycle.laws_decisions import (
    MemberSums,
    Rulebook,
    check_sums,
    decide_again,
    decide_event_again,
)
from loyalty_api.domain.lifecycle.laws_engagement import check_engagements
from loyalty_api.domain.lifecycle.laws_lots import check_lots
from loyalty_api.domain.lifecycle.laws_merges import check_merges
from loyalty_api.domain.lifecycle.laws_openings import check_openings
from loyalty_api.domain.lifecycle.laws_returned import decide_returns_again
from loyalty_api.domain.lifecycle.laws_returns import check_returns, less_returns
from loyalty_api.domain.lifecycle.laws_rewards import check_rewards
from loyalty_api.domain.lifecycle.laws_stock import check_stock
from loyalty_api.domain.lifecycle.laws_tiers import check_tiers
from loyalty_api.domain.lifecycle.verified_rows import (
    CLAIMED_FOR,
    COUNT,
    KEPT,
    NOBODYS,
    OF_MEMBERS,
    PAGE,
    PURCHASES,
    STRANDED,
)
from loyalty_api.domain.programs.queries import Catalogue, Program
from loyalty_api.kernel.clock import monotonic
from loyalty_api.kernel.database import Connection, Database

PAGE_MEMBERS = 500
PREFETCHED = 500  # purchases, which are as long as their receipts, that are held at a time
FINDINGS_MAX = 1000


class Finding(msgspec.Struct, frozen=True):
    """One broken law: which, whose, and what is wrong."""

    law: str
    member_id: UUID | None
    what: str


class Report(msgspec.Struct):
    """How many rows were checked by kind, and what was found (the first FINDINGS_MAX; ``found`` counts all)."""

    checked: dict[str, int]
    findings: list[Finding]
    found: int = 0

    def add(self, findings: Sequence[Finding]) -> None:
        """Counts all findings and keeps the first ones."""
        self.found += len(findings)
        self.findings += findings[: max(0, FINDINGS_MAX - len(self.findings))]


class _Purchases:
    """The purchases of one page of members: decided again, then light enough to be kept for the other laws."""

    def __init__(
        self,
        programs: dict[UUID, Program],
        rulebook: Rulebook,
        budgets: BudgetSums,
        returns: Sequence[asyncpg.Record],
    ) -> None:
        self._programs, self._rulebook, self._budgets = programs, rulebook, budgets
        self.decided = 0
        self.returns_decided = 0
        self._returns: dict[UUID, list[asyncpg.Record]] = defaultdict(list)
        for row in returns:
            self._returns[row["purchase_id"]].append(row)
        self.broken: dict[UUID, list[Broken]] = defaultdict(list)
        self.rows: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
        self.sums: dict[UUID, MemberSums] = defaultdict(MemberSums)

    def take(self, row: asyncpg.Record) -> None:
        """Decides one purchase and its returns again."""
        member_id = row["member_id"]
        kept: dict[str, Any] = {name: row[name] for name in KEPT}
        self.rows[member_id].append(kept)
        kept["points_of_rules"] = kept["points_earned"]
        program = self._programs.get(row["program_id"])
        decided = decide_again(row, program, self._rulebook, self.broken[member_id]) if program else None
        if program and decided:
            self.decided += 1
            kept["points_of_rules"] = sum(decided.points.values())
            self.sums[member_id].add(decided)
            self._budgets.add(program, decided)
        returns = self._returns.pop(row["purchase_id"], None)
        if program and decided and returns:
            broken = self.broken[member_id]
            self.returns_decided += decide_returns_again(row, returns, program, self._rulebook, broken)

    def take_event(self, row: asyncpg.Record) -> None:
        """Decides one engagement event again."""
        member_id, program = row["member_id"], self._programs.get(row["program_id"])
        decided = decide_event_again(row, program, self._rulebook, self.broken[member_id]) if program else None
        if program and decided:
            self.decided += 1
            self.sums[member_id].add(decided)
            self._budgets.add(program, decided)


async def at_once(_seconds: float) -> None:
    """Goes on at once."""


async def verify(
    database: Database,
    *,
    program_id: UUID | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    rest: Callable[[float], Awaitable[None]] = at_once,
) -> Report:
    """The report over the whole database, or over one program. ``progress`` is told members done and members in all;
    ``rest`` is awaited between two pages, with the seconds that the one before took."""
    report = Report(checked=defaultdict(int), findings=[])
    catalogue, rulebook = Catalogue(), Rulebook()
    begun = monotonic()
    async with database.reader() as connection:
        total = await connection.fetchval(COUNT, program_id)
        report.add([finding async for finding in _nobodys(connection, program_id)])
        budgets = BudgetSums(await connection.fetch(SLICES, program_id), rulebook)
    after = UUID(int=0)
    while True:
        await rest(monotonic() - begun)
        begun = monotonic()
        async with database.reader() as connection:
            page = await connection.fetch(PAGE, after, PAGE_MEMBERS, program_id)
            if not page:
                break
            member_ids = [row["member_id"] for row in page]
            programs = await catalogue.load(connection, {row["program_id"] for row in page})
            rows = {name: await connection.fetch(query, member_ids) for name, query in OF_MEMBERS.items()}
            purchases = _Purchases(programs, rulebook, budgets, rows["returns"])
            async for row in connection.cursor(PURCHASES, member_ids, prefetch=PREFETCHED):
                purchases.take(row)
            for row in rows["engagements"]:
                purchases.take_event(row)
        _check_page(report, page, rows, purchases, programs)
        after = page[-1]["member_id"]
        progress(report.checked["members"], total)
    async with database.reader() as connection:
        report.add([Finding(law, None, what) for law, what in await check_stock(connection, catalogue, program_id)])
        slices = await connection.fetch(SLICES, program_id)
        programs = await catalogue.load(connection, {row["program_id"] for row in slices})
    report.checked["budget_slices"] += len(slices)
    report.add([Finding(law, None, what) for law, what in budgets.check(slices, programs.values())])
    return report


async def _nobodys(connection: Connection, program_id: UUID | None) -> AsyncIterator[Finding]:
    """Rows that belong to no member, and references that stand for nothing."""
    for table in NOBODYS:
        lost = f"""SELECT DISTINCT t.member_id FROM {table} t
                   WHERE NOT EXISTS (SELECT FROM members m WHERE m.member_id = t.member_id)
                     AND ($1::uuid IS NULL OR t.program_id = $1) LIMIT 100"""
        for row in await connection.fetch(lost, program_id):
            yield Finding("cause", row["member_id"], f"{table} has rows of a member who does not exist")
    for what, (table, record_id) in CLAIMED_FOR.items():
        empty = f"""SELECT c.member_id, c.reference FROM reference_claims c
                    WHERE c.kind = '{what}' AND ($1::uuid IS NULL OR c.program_id = $1) AND NOT EXISTS (
                      SELECT FROM {table} r WHERE r.member_id = c.member_id AND r.{record_id} = c.record_id)
                    LIMIT 100"""
        for row in await connection.fetch(empty, program_id):
            yield Finding("reference", row["member_id"], f"the reference {row['reference']!r} stands for no {what}")
    for row in await connection.fetch(STRANDED, program_id):
        yield Finding("transit", None, f"{row['points']} points of {row['cause_id']} are still in transit")


def _check_page(
    report: Report,
    page: list[asyncpg.Record],
    rows: dict[str, list[asyncpg.Record]],
    purchases: _Purchases,
    programs: dict[UUID, Program],
) -> None:
    for name, found in rows.items():
        report.checked[name] += sum(row["rows"] for row in found) if name == "events" else len(found)
    report.checked["purchases"] += sum(map(len, purchases.rows.values()))
    report.checked["decisions"] += purchases.decided
    report.checked["returns_decided"] += purchases.returns_decided
    by_member = {name: _grouped(found) for name, found in rows.items()}
    for member in page:
        member_id, program_id = member["member_id"], member["program_id"]
        if program_id not in programs:
            report.add([Finding("cause", member_id, f"the member's program {program_id} does not exist")])
            continue
        mine = {name: grouped.get(member_id, []) for name, grouped in by_member.items()}
        bought, zone = purchases.rows.get(member_id, []), programs[program_id].zone
        of_member = MemberRows(member_id, program_id, zone, purchases=bought, **mine)
        checked = [
            *check_member(of_member),
            *check_lots(of_member),
            *check_tiers(of_member, programs[program_id]),
            *check_engagements(of_member),
            *check_returns(of_member),
            *check_rewards(of_member, programs[program_id]),
            *check_openings(of_member),
            *check_adjustments(of_member),
            *check_merges(of_member),
            *purchases.broken.get(member_id, []),
            *check_sums(less_returns(purchases.sums[member_id], of_member), mine["carries"], mine["earning_days"]),
        ]
        report.add([Finding(law, member_id, what) for law, what in checked])


def _grouped(rows: list[asyncpg.Record]) -> dict[UUID, list[asyncpg.Record]]:
    grouped: dict[UUID, list[asyncpg.Record]] = defaultdict(list)
    for row in rows:
        grouped[row["of_member"] if "of_member" in row else row["member_id"]].append(row)
    return grouped
