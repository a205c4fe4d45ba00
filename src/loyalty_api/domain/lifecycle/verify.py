"""Proves the ledger from its rows: works every law out again and compares, from the first entry of every member.

Reads only, and imports nothing that writes. Members are taken in pages, each page seen at one instant, so that it
can run beside a busy till and needs the same memory for ten members as for ten million.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from loyalty_api.domain.lifecycle.laws import MemberRows, check_member
from loyalty_api.domain.lifecycle.laws_engagement import check_engagements
from loyalty_api.kernel.database import Connection, Database

PAGE_MEMBERS = 500
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


_PAGE = "SELECT member_id, program_id FROM members WHERE member_id > $1 ORDER BY member_id LIMIT $2"
_OF_MEMBERS = {
    "balances": "SELECT * FROM balances WHERE member_id = ANY($1::uuid[])",
    "transfers": "SELECT * FROM transfers WHERE member_id = ANY($1::uuid[]) ORDER BY member_id, seq",
    "lots": "SELECT * FROM lots WHERE member_id = ANY($1::uuid[])",
    "purchases": """
        SELECT member_id, purchase_id, program_id, source, reference, occurred_at, base_minor, points_earned,
               points_pending, transfer_seq, COALESCE(tier_value, base_minor) AS tier_value,
               (SELECT COALESCE(sum((e->>'points')::bigint), 0) FROM json_array_elements(earnings) e)::bigint
                 AS points_of_rules
        FROM purchases WHERE member_id = ANY($1::uuid[])""",
    "references": """
        SELECT p.member_id, c.member_id AS claimed_by, c.record_id
        FROM purchases p
        JOIN reference_claims c ON c.program_id = p.program_id AND c.kind = 'purchase' AND c.source = p.source
                               AND c.reference = p.reference
        WHERE p.member_id = ANY($1::uuid[])""",
    "engagements": """
        SELECT member_id, engagement_id, program_id, reference, kind, occurred_at, points_earned, points_pending,
               transfer_seq, tier_value,
               (SELECT COALESCE(sum((e->>'points')::bigint), 0) FROM json_array_elements(earnings) e)::bigint
                 AS points_of_rules
        FROM engagements WHERE member_id = ANY($1::uuid[])""",
    "engagement_references": """
        SELECT e.member_id, c.member_id AS claimed_by, c.record_id
        FROM engagements e
        JOIN reference_claims c ON c.program_id = e.program_id AND c.kind = 'engagement' AND c.source = e.source
                               AND c.reference = e.reference
        WHERE e.member_id = ANY($1::uuid[])""",
    "tiers": "SELECT * FROM member_tiers WHERE member_id = ANY($1::uuid[])",
    "tier_days": "SELECT * FROM tier_days WHERE member_id = ANY($1::uuid[])",
    "tier_moves": "SELECT * FROM tier_moves WHERE member_id = ANY($1::uuid[]) ORDER BY member_id, seq",
    "events": """
        SELECT member_id, count(*) AS rows, min(seq) AS first, max(seq) AS last,
               count(*) FILTER (WHERE type = 'purchase.recorded') AS purchases,
               count(*) FILTER (WHERE type = 'engagement.recorded') AS engagements
        FROM outbox WHERE member_id = ANY($1::uuid[]) GROUP BY member_id""",
}
_NOBODYS = [
    *("balances", "transfers", "lots", "purchases", "engagements", "member_tiers", "tier_days", "tier_moves", "outbox")
]
_NO_PURCHASE = """
SELECT c.member_id, c.reference FROM reference_claims c
WHERE c.kind = 'purchase' AND NOT EXISTS (
  SELECT FROM purchases p WHERE p.member_id = c.member_id AND p.purchase_id = c.record_id) LIMIT 100
"""
_NO_ENGAGEMENT = """
SELECT c.member_id, c.reference FROM reference_claims c
WHERE c.kind = 'engagement' AND NOT EXISTS (
  SELECT FROM engagements e WHERE e.member_id = c.member_id AND e.engagement_id = c.record_id) LIMIT 100
"""


async def verify(database: Database, *, progress: Callable[[int, int], None] = lambda _done, _total: None) -> Report:
    """The report over the whole database. ``progress`` is told members done and members in all."""
    report = Report(checked=defaultdict(int), findings=[])
    async with database.reader() as connection:
        total = await connection.fetchval("SELECT count(*) FROM members")
        zones = {
            row["program_id"]: ZoneInfo(row["time_zone"])
            for row in await connection.fetch("SELECT program_id, time_zone FROM programs")
        }
        report.add([finding async for finding in _nobodys(connection)])
    after = UUID(int=0)
    while True:
        async with database.reader() as connection:
            page = await connection.fetch(_PAGE, after, PAGE_MEMBERS)
            if not page:
                break
            rows = {
                name: await connection.fetch(query, [row["member_id"] for row in page])
                for name, query in _OF_MEMBERS.items()
            }
        _check_page(report, page, rows, zones)
        after = page[-1]["member_id"]
        progress(report.checked["members"], total)
    return report


async def _nobodys(connection: Connection) -> AsyncIterator[Finding]:
    """Rows that belong to no member, and references that stand for nothing."""
    for table in _NOBODYS:
        lost = f"""SELECT DISTINCT t.member_id FROM {table} t
                   WHERE NOT EXISTS (SELECT FROM members m WHERE m.member_id = t.member_id) LIMIT 100"""
        for row in await connection.fetch(lost):
            yield Finding("cause", row["member_id"], f"{table} has rows of a member who does not exist")
    for row in await connection.fetch(_NO_PURCHASE):
        yield Finding("reference", row["member_id"], f"the reference {row['reference']!r} stands for no purchase")
    for row in await connection.fetch(_NO_ENGAGEMENT):
        yield Finding("reference", row["member_id"], f"the reference {row['reference']!r} stands for no engagement")


def _check_page(
    report: Report,
    page: list[asyncpg.Record],
    rows: dict[str, list[asyncpg.Record]],
    zones: dict[UUID, ZoneInfo],
) -> None:
    report.checked["members"] += len(page)
    for name, found in rows.items():
        report.checked[name] += sum(row["rows"] for row in found) if name == "events" else len(found)
    by_member = {name: _grouped(found) for name, found in rows.items()}
    for member in page:
        member_id, program_id = member["member_id"], member["program_id"]
        mine = {name: grouped.get(member_id, []) for name, grouped in by_member.items()}
        of_member = MemberRows(member_id, program_id, zones[program_id], **mine)
        broken = (*check_member(of_member), *check_engagements(of_member))
        report.add([Finding(law, member_id, what) for law, what in broken])


def _grouped(rows: list[asyncpg.Record]) -> dict[UUID, list[asyncpg.Record]]:
    grouped: dict[UUID, list[asyncpg.Record]] = defaultdict(list)
    for row in rows:
        grouped[row["member_id"]].append(row)
    return grouped
