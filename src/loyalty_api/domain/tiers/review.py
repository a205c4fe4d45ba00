"""The nightly review, a page of members at a time: lowers the tiers that the window no longer holds.

Looked at are only those for whom it could find something: whose window was reckoned to fall short by now, who returned
something, who moved, or everybody once the program's policy is another. Each is left with the next day that could bring
something, so that a review that was cut off goes on where it was, and a second one finds nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from loyalty_api.domain.points.balance import lock_balances
from loyalty_api.domain.points.post import Book, Cause, make_book
from loyalty_api.domain.programs.document import Tiers
from loyalty_api.domain.programs.queries import Program
from loyalty_api.domain.tiers.descent import Reviewed, review
from loyalty_api.domain.tiers.events import CHANGED, TierChanged, encode_event
from loyalty_api.domain.tiers.rules import Days, Window, rank_of, window_of
from loyalty_api.domain.tiers.standing import Standing, moves_changes, read_standings, standings_ask
from loyalty_api.kernel.clock import local_date
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.ids import new_id
from loyalty_api.kernel.together import Ask, Change, ask_together, change_together, columns

REASON = "reviewed"
PAGE = 200  # members; they stay locked until their page is written

# Due under the present policy (by how many versions it came about), or last reckoned under another.
_DUE = """
SELECT r.member_id, r.short_since, r.moves FROM tier_reviews r
WHERE r.program_id = $1::uuid AND (r.policy, r.due_on) <= ($2::int, $3::date)
"""
_FIRST = f"{_DUE} ORDER BY r.policy, r.due_on, r.member_id LIMIT $4"
_STILL = f"{_DUE} AND r.member_id = ANY($4::uuid[])"
_DAYS = """
SELECT d.member_id, d.day, d.value FROM tier_days d
WHERE d.member_id = ANY($1::uuid[]) AND d.day BETWEEN $2::date AND $3::date
ORDER BY d.member_id, d.day
"""
PAUSED = 2**31 - 1  # a policy that no program will come to
_POLICY = "UPDATE tier_reviews SET policy = $2 WHERE member_id = $1"
_REVIEWED = """
UPDATE tier_reviews r SET policy = $1, due_on = u.due_on, short_since = u.short_since, moves = u.moves
FROM unnest($2::uuid[], $3::date[], $4::date[], $5::int[]) AS u (member_id, due_on, short_since, moves)
WHERE r.member_id = u.member_id
"""


class _Night(NamedTuple):
    """One review of one program, on its local ``today``."""

    program: Program
    tiers: Tiers | None
    window: Window
    now: datetime

    @property
    def today(self) -> date:
        """The day that the windows end with."""
        return self.window.last

    @property
    def due(self) -> tuple[UUID, int, date]:
        """The arguments of what asks for those who are due."""
        return self.program.id, self.program.in_force(self.now), self.today


async def review_due(connection: Connection, program: Program, *, now: datetime, limit: int = PAGE) -> tuple[int, bool]:
    """Reviews a page of those who are due on the program's today at ``now``, its present; (how many tiers were lowered,
    whether there may be more to review)."""
    tiers = program.version_at(now).document.tiers
    night = _Night(program, tiers, window_of(tiers, local_date(now, program.zone)), now)
    due = await connection.fetch(_FIRST, *night.due, limit)
    if not due:
        return 0, False
    book = make_book(await lock_balances(connection, [row[0] for row in due]))
    members = list(book.balances)
    rows = await ask_together(
        connection,
        {
            "due": Ask(_STILL, (*night.due, members)),  # from here on nobody else writes for them
            "standings": standings_ask(members, {program.id: night.window}),
            "days": Ask(_DAYS, (members, *night.window)),
        },
    )
    standings = read_standings(rows["standings"], {program.id: night.window})
    days = _by_member(rows["days"])
    reviewed = [
        (member_id, _review(night, book, standings[member_id], days[member_id], grace))
        for member_id, *grace in rows["due"]
    ]
    lowered = [standing for standing in standings.values() if standing.new_moves]
    await change_together(connection, [*book.changes(), *_changes(night, lowered, standings, reviewed)])
    return len(lowered), len(due) == limit and bool(members)


async def pause_review(connection: Connection, member_id: UUID) -> None:
    """No review looks at the member, who is an alias by now, until ``resume_review``."""
    await connection.execute(_POLICY, member_id, PAUSED)


async def resume_review(connection: Connection, member_id: UUID) -> None:
    """The next review looks at the member again."""
    await connection.execute(_POLICY, member_id, 0)


def _by_member(rows: Iterable[Any]) -> dict[UUID, list[tuple[date, int]]]:
    days: dict[UUID, list[tuple[date, int]]] = defaultdict(list)
    for member_id, day, value in rows:
        days[member_id].append((day, value))
    return days


def _review(night: _Night, book: Book, standing: Standing, days: Days, grace: Sequence[Any]) -> Reviewed:
    """What the review finds of one member, whose tier it lowers."""
    tiers = night.tiers
    if tiers is None:
        return Reviewed(0, None, None)
    rank = rank_of(tiers.levels, standing.tier)
    found = review(tiers, rank, days, today=night.today, short_since=standing.grace(*grace))
    if found.rank < rank:
        _lower(night, tiers, book, standing, found.rank)
    return found


def _lower(night: _Night, tiers: Tiers, book: Book, standing: Standing, rank: int) -> None:
    """Receipts of before the review earn at the tier of then, however late they come."""
    balance = book.balances[standing.member_id]
    recorded_at = balance.record_at(night.now)
    effective_at = max(recorded_at, standing.since or recorded_at)
    move = standing.move(tiers, rank, REASON, effective_at=effective_at, recorded_at=recorded_at)
    told = TierChanged(
        move.from_tier, move.to_tier, REASON, tiers.measure, night.window.first, move.value, night.window.last
    )
    book.tell(balance, CHANGED, encode_event(told), Cause("review", new_id(), effective_at, recorded_at))


def _changes(
    night: _Night, lowered: list[Standing], standings: dict[UUID, Standing], reviewed: list[tuple[UUID, Reviewed]]
) -> Iterator[Change]:
    if lowered:
        yield from moves_changes(sorted(lowered, key=lambda standing: standing.member_id))
    rows = [(member_id, each.due_on, each.short_since, standings[member_id].moves) for member_id, each in reviewed]
    if rows:
        yield Change(_REVIEWED, (night.program.in_force(night.now), *columns(rows)))
