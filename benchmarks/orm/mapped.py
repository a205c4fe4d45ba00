"""Mapped classes on the product's own tables, so that both write the same columns under the same keys."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Table
from sqlalchemy.orm import DeclarativeBase

from loyalty_api.domain.programs.document import Tiers
from loyalty_api.domain.tiers.rules import Next, held_rank, next_tier, rank_of
from loyalty_api.tables import metadata as product_metadata


class Record(DeclarativeBase):
    """One row."""

    metadata = product_metadata


def _table(name: str) -> Table:
    return product_metadata.tables[name]


class ProgramRecord(Record):
    __table__ = _table("programs")


class ProgramVersionRecord(Record):
    __table__ = _table("program_versions")


class ApiKey(Record):
    __table__ = _table("api_keys")


class Member(Record):
    __table__ = _table("members")

    @property
    def counts_from(self) -> datetime:
        """From when purchases count: the product's rule."""
        enrolled_now = self.enrolled_at == self.recorded_at
        return self.enrolled_at - CLOCKS_APART_MAX if enrolled_now else self.enrolled_at


class IdentifierClaim(Record):
    __table__ = _table("identifier_claims")


class ReferenceClaim(Record):
    __table__ = _table("reference_claims")


class PurchaseRecord(Record):
    __table__ = _table("purchases")


class Transfer(Record):
    __table__ = _table("transfers")


class Lot(Record):
    __table__ = _table("lots")


class OutboxRecord(Record):
    __table__ = _table("outbox")


class TierDay(Record):
    __table__ = _table("tier_days")


class TierReview(Record):
    __table__ = _table("tier_reviews")


class TierMove(Record):
    __table__ = _table("tier_moves")


class Balance(Record):
    """Locked, read, and changed in place; the session writes what changed."""

    __table__ = _table("balances")

    @property
    def available(self) -> int:
        """What the member may spend now."""
        return self.spendable - self.debt

    def next_event(self) -> int:
        """The seq of the member's next event."""
        self.event_seq += 1
        return self.event_seq


class Moved(NamedTuple):
    """A tier that went up."""

    from_tier: str
    to_tier: str
    value: int
    effective_at: datetime | None


class MemberTier(Record):
    """The tier and the window's sum."""

    __table__ = _table("member_tiers")

    def move_up(self, tiers: Tiers | None) -> Moved | None:
        """Moves the tier up if the window now holds a higher one; a tier never goes down here."""
        if tiers is None:
            return None
        before, held = rank_of(tiers.levels, self.tier), held_rank(tiers.levels, self.window_sum)
        if held <= before:
            return None
        self.moves += 1
        self.tier, self.since = tiers.levels[held].code, self.counted_until
        return Moved(tiers.levels[before].code, self.tier, self.window_sum, self.since)

    def progress(self, tiers: Tiers) -> tuple[str, Next | None]:
        """The present tier's code, and what is missing to the next."""
        rank = rank_of(tiers.levels, self.tier)
        return tiers.levels[rank].code, next_tier(tiers.levels, rank, self.window_sum)


CLOCKS_APART_MAX = timedelta(minutes=5)
