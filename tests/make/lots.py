"""What became of points by the period in which they were earned: worked out by hand, from the rows of the ledger."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

from loyalty_api.domain.points.accounts import LOT_ACCOUNTS, Account
from loyalty_api.domain.points.cohorts import CohortDay, Cohorts
from loyalty_api.domain.programs.queries import Program
from loyalty_api.kernel.database import Connection

_READ = {
    name: f"SELECT * FROM {name} WHERE program_id = $1 ORDER BY member_id, {order}"
    for name, order in (("transfers", "seq"), ("lots", "lot_id"), ("draws", "transfer_seq"))
}
ISSUED, REDEEMED, EXPIRED = range(3)


async def cohorts_by_hand(connection: Connection, program: Program, *, through: date, period: str) -> Cohorts:
    """By what was recorded by the end of ``through``, day by day."""
    read = {name: await connection.fetch(sql, program.id) for name, sql in _READ.items()}
    transfers = {(row["member_id"], row["seq"]): row for row in read["transfers"]}
    lots = {(row["member_id"], row["lot_id"]): row for row in read["lots"]}
    left: dict[Any, int] = {}
    days: defaultdict[tuple[date, date], list[Any]] = defaultdict(lambda: [0, 0, 0, None, 0])

    def local(instant: Any) -> date:
        return instant.astimezone(program.zone).date()

    def note(lot: Any, transfer: Any, measure: int, points: int, *, end: Any = None, endless: int = 0) -> None:
        told = days[_first(local(lot["earned_at"]), period), local(transfer["recorded_at"])]
        told[measure] += points
        told[4] += endless
        if end is not None:
            told[3] = max(told[3] or date.min, local(end))

    for key, lot in lots.items():
        transfer = transfers[key[0], lot["transfer_seq"]]
        waits = lot["waits_for"] is not None and transfer["to_account"] == Account.PENDING
        endless, left[key] = waits or lot["expires_at"] is None, lot["points"]
        measure, sign = _measured(transfer["from_account"])
        end = None if endless else lot["expires_at"]
        note(lot, transfer, measure, sign * lot["points"], end=end, endless=int(endless))
    for draw in read["draws"]:
        key = draw["member_id"], draw["lot_id"]
        lot, transfer = lots[key], transfers[draw["member_id"], draw["transfer_seq"]]
        source, target = transfer["from_account"], transfer["to_account"]
        if source == Account.PENDING and target == Account.SPENDABLE and lot["waits_for"] is not None:
            ends = lot["expires_at"] is not None
            note(lot, transfer, ISSUED, 0, end=lot["expires_at"], endless=-int(ends))
        if (source in LOT_ACCOUNTS) == (target in LOT_ACCOUNTS):
            continue
        entering = target in LOT_ACCOUNTS
        left[key] += draw["points"] if entering else -draw["points"]
        emptied = source == Account.PENDING and lot["waits_for"] is not None and not left[key]
        measure, sign = _measured(source if entering else target)
        note(lot, transfer, measure, sign * (1 if entering else -1) * draw["points"], endless=-int(emptied))
    known = [CohortDay(*key, *told) for key, told in sorted(days.items()) if key[1] <= through]
    owed = sum(
        row["points"] * ((row["from_account"] == Account.DEBT) - (row["to_account"] == Account.DEBT))
        for row in read["transfers"]
        if local(row["recorded_at"]) <= through
    )
    return Cohorts([day for day in known if any(day[2:])], owed)


def _measured(other: int) -> tuple[int, int]:
    """What points count as that come from this account into a lot, and whether they add to it or undo it."""
    return {Account.REDEEMED: (REDEEMED, -1), Account.EXPIRED: (EXPIRED, -1)}.get(Account(other), (ISSUED, 1))


def _first(day: date, period: str) -> date:
    if period == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if period == "week" else day
