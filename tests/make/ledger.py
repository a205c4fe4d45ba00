"""A member's ledger in memory: the verbs on a book, and its rows as `verify` would read them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from loyalty_api.domain.lifecycle.laws import Broken, MemberRows, check_member
from loyalty_api.domain.lifecycle.laws_lots import check_lots
from loyalty_api.domain.points.balance import BALANCE_ROW, Balance, no_points, written
from loyalty_api.domain.points.dates import LotDates, lot_dates
from loyalty_api.domain.points.lots import Lot, Lots
from loyalty_api.domain.points.post import DRAW_ROW, TRANSFER_ROW, Book, Cause
from loyalty_api.domain.points.settle import settle
from loyalty_api.domain.programs.document import Expiry, Pending, PointsSettings

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 3, 2, 11, tzinfo=UTC)
_OTHER_LAWS = {"event", "reference", "tier", "cause"}  # about rows that a ledger alone does not have


class Ledger:
    """One member of one program in Berlin; ``now`` is the program's present."""

    def __init__(self) -> None:
        self.balance: Balance = no_points(uuid.uuid4(), uuid.uuid4())
        self.book = Book({self.balance.member_id: self.balance}, {self.balance.member_id: Lots(BERLIN)})
        self.now = START
        self.purchases: list[dict[str, Any]] = []

    @property
    def lots(self) -> list[Lot]:
        """The member's lots in the order in which they were made."""
        return list(self.book.lots(self.balance))

    @property
    def parts(self) -> tuple[int, int, int, int]:
        """Spendable, pending, reserved and debt."""
        return self.balance.spendable, self.balance.pending, self.balance.reserved, self.balance.debt

    def cause(self, kind: str = "return", id_: uuid.UUID | None = None) -> Cause:
        """Something that happens now."""
        return Cause(kind, id_ or uuid.uuid4(), self.now, self.balance.record_at(self.now))

    def settle(self) -> int:
        """Books what is due now; how many transfers that took."""
        return settle(self.book, self.balance, now=self.now)

    def wait(self, **time: float) -> None:
        """Moves the clock forward and settles."""
        self.now += timedelta(**time)
        self.settle()

    def dates(self, *, pending: int = 0, until: str | None = None, **expiry: Any) -> LotDates:
        """The dates of points that are earned now."""
        settings = PointsSettings(
            pending=Pending(until=until) if until else Pending(days=pending),
            expiry=Expiry(**expiry) if expiry else "never",
        )
        return lot_dates(settings, zone=BERLIN, occurred_at=self.now, recorded_at=self.now)

    def earn(self, points: int, dates: LotDates | None = None) -> uuid.UUID:
        """A purchase that earns; its id."""
        cause = self.cause("purchase")
        self.purchases.append({"purchase_id": cause.id, "occurred_at": self.now, "total_minor": 1000})
        self.book.earn(self.balance, {dates or self.dates(): points}, cause=cause)
        return cause.id

    def broken(self) -> list[Broken]:
        """Every law of the ledger that its rows break."""
        rows = self.rows()
        found = [*_ledger_laws(rows), *check_lots(rows)]
        return [each for each in found if each[0] not in _OTHER_LAWS]

    def rows(self) -> MemberRows:
        """What would be in the tables."""
        written_rows: dict[str, list[tuple]] = {"transfers": [], "draws": []}
        for change in self.book.changes():
            for table in written_rows:
                if change.sql.startswith(f"INSERT INTO {table} "):
                    written_rows[table] = list(change.args[0])
        program = {"program_id": self.balance.program_id}
        lots = [{name: getattr(lot, name) for name in Lot.__struct_fields__} for lot in self.lots]
        known = {
            "member_id": self.balance.member_id,
            "program_id": self.balance.program_id,
            "zone": BERLIN,
            "balances": [dict(zip(BALANCE_ROW.fields, written(self.balance), strict=True)) | program],
            "transfers": [dict(zip(TRANSFER_ROW.fields, row, strict=True)) for row in written_rows["transfers"]],
            "lots": lots,
            "draws": [dict(zip(DRAW_ROW.fields, row, strict=True)) for row in written_rows["draws"]],
            "purchases": [row | program for row in self.purchases],
        }
        return MemberRows(**dict.fromkeys(MemberRows.__struct_fields__, ()) | known)


def _ledger_laws(rows: MemberRows) -> list[Broken]:
    """Chain and balance; the laws about purchases need more than a ledger."""
    without = MemberRows(**{name: getattr(rows, name) for name in MemberRows.__struct_fields__} | {"purchases": ()})
    return list(check_member(without))
