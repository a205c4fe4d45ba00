"""A member's standing: read with the window moved to today, folded forward in memory, written back.

A purchase reads only the day buckets that left or entered the window since the row was last written. A tier goes
up at once; it goes down only by a review (``review.py``), which is asked for here whenever something but time could
have made one due. Each move carries ``effective_at``, the latest instant it counted, so that a
late receipt earns at the tier of its own time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from loyalty_api.domain.programs.document import Tiers
from loyalty_api.domain.tiers.rules import Next, Window, held_rank, next_tier, rank_of
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.together import Ask, Change, RowType, Values, columns

VALUE_MAX = 2**62  # of a window's sum; the column holds twice as much


class Move(NamedTuple):
    """One move of a tier."""

    member_id: UUID
    seq: int
    program_id: UUID
    from_tier: str
    to_tier: str
    reason: str
    value: int
    effective_at: datetime
    recorded_at: datetime


class Standing:
    """One member's tier, window sum and moves, as of the window they were read with."""

    __slots__ = (
        "counted_until",
        "days",
        "held",
        "member_id",
        "moves",
        "new_moves",
        "program_id",
        "since",
        "tier",
    )
    __slots__ += ("window", "window_sum")

    def __init__(self, row: tuple, window: Window) -> None:
        (
            self.member_id,
            self.program_id,
            self.tier,
            self.since,
            self.moves,
            total,
            change,
            self.counted_until,
        ) = row
        self.window_sum: int = total + change
        self.window = window
        # (effective_at, tier), oldest first; what was before the present tier is read only when asked for.
        self.held: list[tuple[datetime, str]] = [] if self.since is None else [(self.since, self.tier)]
        self.new_moves: list[Move] = []
        self.days: dict[date, int] = {}

    def tier_at(self, tiers: Tiers, instant: datetime) -> str:
        """The tier held at ``instant``: that of the latest move effective by then."""
        held = next((tier for since, tier in reversed(self.held) if since <= instant), None)
        return tiers.levels[rank_of(tiers.levels, held)].code

    def lacks_history(self, instant: datetime) -> bool:
        """Whether ``tier_at(instant)`` needs moves that ``read_moves`` has yet to read."""
        return self.moves > len(self.held) and instant < self.held[0][0]

    def count(
        self, tiers: Tiers | None, *, value: int, day: date, occurred_at: datetime, recorded_at: datetime
    ) -> Move | None:
        """Adds a purchase's value to its day, and moves the tier up if the window now holds a higher one."""
        self.days[day] = self.days.get(day, 0) + value
        if self.window.first <= day <= self.window.last:
            self.window_sum += value
        if self.counted_until is None or occurred_at > self.counted_until:
            self.counted_until = occurred_at
        if tiers is None:
            return None
        before, held = rank_of(tiers.levels, self.tier), held_rank(tiers.levels, self.window_sum)
        if held <= before:
            return None
        return self.move(tiers, held, "reached", effective_at=self.counted_until, recorded_at=recorded_at)

    def move(self, tiers: Tiers, rank: int, reason: str, *, effective_at: datetime, recorded_at: datetime) -> Move:
        """Moves the tier to the one at ``rank``, which is another than the present."""
        self.moves += 1
        before = rank_of(tiers.levels, self.tier)
        codes = tiers.levels[before].code, tiers.levels[rank].code
        move = Move(
            self.member_id,
            self.moves,
            self.program_id,
            *codes,
            reason,
            self.window_sum,
            effective_at,
            recorded_at,
        )
        self.tier, self.since = move.to_tier, move.effective_at
        self.held.append((move.effective_at, move.to_tier))
        self.new_moves.append(move)
        return move

    def absorb(self, days: Iterable[tuple[date, int]], *, sign: int) -> None:
        """Adds another member's days (``sign`` 1), or takes them out again (-1)."""
        for day, value in days:
            self.days[day] = self.days.get(day, 0) + sign * value
            if self.window.first <= day <= self.window.last:
                self.window_sum += sign * value

    def grace(self, short_since: date | None, moves: int) -> date | None:
        """Since when the window has been short of the present tier, by what a review remembers of it and after how many
        moves: another tier has another grace."""
        return short_since if moves == self.moves else None

    def progress(self, tiers: Tiers) -> tuple[str, Next | None]:
        """The present tier's code, and what is missing to the next."""
        rank = rank_of(tiers.levels, self.tier)
        return tiers.levels[rank].code, next_tier(tiers.levels, rank, self.window_sum)


_READ = """
SELECT t.member_id, t.program_id, t.tier, t.since, t.moves, t.window_sum,
       CASE WHEN t.window_from = w.first AND t.window_through = w.last THEN 0 ELSE (
         SELECT COALESCE(sum(d.value * ((d.day BETWEEN w.first AND w.last)::int
                                        - (d.day BETWEEN t.window_from AND t.window_through)::int)), 0)::bigint
         FROM tier_days d
         WHERE d.member_id = t.member_id
           AND (d.day >= LEAST(t.window_from, w.first) AND d.day < GREATEST(t.window_from, w.first)
                OR d.day > LEAST(t.window_through, w.last) AND d.day <= GREATEST(t.window_through, w.last)))
       END,
       t.counted_until
FROM unnest($2::uuid[], $3::date[], $4::date[]) AS w (program_id, first, last)
JOIN member_tiers t USING (program_id)
WHERE t.member_id = ANY($1::uuid[])
"""
_MOVES = """
SELECT member_id, effective_at, to_tier FROM tier_moves WHERE member_id = ANY($1::uuid[]) ORDER BY member_id, seq
"""
TIER_DAY_ROW = RowType("tier_day_row", ("member_id", "day", "program_id", "value"))
TIER_ROW = RowType(
    "tier_row",
    ("member_id", "tier", "since", "moves", "window_from", "window_through", "window_sum", "counted_until"),
)
_ADD_DAYS = TIER_DAY_ROW.insert_into(
    "tier_days", "ON CONFLICT (member_id, day) DO UPDATE SET value = tier_days.value + EXCLUDED.value"
)
_UPDATE = f"""
UPDATE member_tiers t
SET tier = u.tier, since = u.since, moves = u.moves, window_from = u.window_from, window_through = u.window_through,
    window_sum = u.window_sum, counted_until = u.counted_until
FROM {TIER_ROW.unnested("u")}
WHERE t.member_id = u.member_id
"""
TIER_MOVE_ROW = RowType("tier_move_row", Move._fields)
_ADD_MOVES = TIER_MOVE_ROW.insert_into("tier_moves")
_ASK_REVIEWS = """
INSERT INTO tier_reviews (member_id, program_id, policy, moves)
SELECT u.member_id, u.program_id, 0, 0 FROM unnest($1::uuid[], $2::uuid[]) AS u (member_id, program_id)
ON CONFLICT (member_id) DO UPDATE SET policy = 0
"""


def standings_ask(members: Values, windows: dict[UUID, Window]) -> Ask:
    """Asks for the members' standings, over the window of each program."""
    firsts = [window.first for window in windows.values()]
    lasts = [window.last for window in windows.values()]
    return Ask(_READ, (members, list(windows), firsts, lasts))


def read_standings(rows: Iterable[Any], windows: dict[UUID, Window]) -> dict[UUID, Standing]:
    """What ``standings_ask`` was answered, by member."""
    return {row[0]: Standing(tuple(row), windows[row[1]]) for row in rows}


async def read_moves(connection: Connection, standings: Collection[Standing]) -> None:
    """Fills in all moves, for receipts that are older than the present tier. Before anything is counted."""
    by_member = {standing.member_id: standing for standing in standings}
    for standing in standings:
        standing.held = []
    for row in await connection.fetch(_MOVES, list(by_member)):
        by_member[row["member_id"]].held.append((row["effective_at"], row["to_tier"]))


def standings_changes(standings: Collection[Standing]) -> Iterator[Change]:
    """What day buckets, tier rows and moves change by; their members' balances are checked beside them."""
    changed = sorted((s for s in standings if s.days), key=lambda standing: standing.member_id)
    if not changed:
        return
    days = [(s.member_id, day, s.program_id, value) for s in changed for day, value in sorted(s.days.items())]
    yield Change(_ADD_DAYS, (days,))
    yield from moves_changes(changed)
    unsure = [(s.member_id, s.program_id) for s in changed if s.new_moves or min(s.days.values()) < 0]
    if unsure:
        yield Change(_ASK_REVIEWS, columns(unsure))


def moves_changes(changed: Sequence[Standing]) -> Iterator[Change]:
    """What tier rows and moves change by, for one standing at least."""
    rows = [
        (s.member_id, s.tier, s.since, s.moves, s.window.first, s.window.last, s.window_sum, s.counted_until)
        for s in changed
    ]
    yield Change(_UPDATE, (rows,))
    moves = [move for standing in changed for move in standing.new_moves]
    if moves:
        yield Change(_ADD_MOVES, (moves,))


async def open_standings(
    connection: Connection, *, member_ids: Collection[UUID], program_id: UUID, window: Window
) -> None:
    """The standings of members who were just enrolled: the first tier, nothing counted."""
    await connection.execute(
        "INSERT INTO member_tiers (member_id, program_id, moves, window_from, window_through, window_sum)"
        " SELECT u, $2, 0, $3, $4, 0 FROM unnest($1::uuid[]) AS u",
        *(list(member_ids), program_id, window.first, window.last),
    )
