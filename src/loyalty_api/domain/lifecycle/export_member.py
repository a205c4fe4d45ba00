"""Everything that is stored about a member, as JSON: one list per table, a row at a time, so that years of receipts
need no more memory than one. First answers and hashes are left out: they repeat the rows, or say nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from loyalty_api.domain.points.queries import account_name
from loyalty_api.kernel.database import Connection

PREFETCHED = 200  # rows that are held at a time

# What each list is called, and its rows: the table, and the columns that order it.
SECTIONS: dict[str, tuple[str, str]] = {
    "identifiers": ("member_identifiers", "identifier_id"),
    "consents": ("member_consents", "consent_id"),
    "status_history": ("member_statuses", "change_id"),
    "balance": ("balances", "member_id"),
    "standing": ("member_tiers", "member_id"),
    "tier_days": ("tier_days", "day"),
    "tier_moves": ("tier_moves", "seq"),
    "tier_reviews": ("tier_reviews", "member_id"),
    "purchases": ("purchases", "purchase_id"),
    "returns": ("returns", "return_id"),
    "engagement": ("engagements", "engagement_id"),
    "redemptions": ("redemptions", "redemption_id"),
    "coupon_uses": ("coupon_uses", "use_id"),
    "openings": ("openings", "opening_id"),
    "adjustments": ("adjustments", "adjustment_id"),
    "merges": ("merges", "merge_id"),
    "transfers": ("transfers", "seq"),
    "lots": ("lots", "lot_id"),
    "draws": ("draws", "transfer_seq, lot_id"),
    "holds": ("holds", "hold_id"),
    "expiry_notices": ("expiry_notices", "lot_id, expires_at"),
    "acknowledged_notices": ("acknowledged_notices", "notice"),
    "carried_rests": ("earning_carries", "rule"),
    "capped_days": ("earning_days", "rule, day"),
    "sign_ins": ("token_grants", "grant_id"),
    "events": ("outbox", "seq"),
}
# Told elsewhere: the member and the profile by the member's answer, the claims by what they were made for, what the
# events and transfers add up to by these, and the numbers of events that are no longer kept by the facts that they were
# about.
ELSEWHERE = (
    *("members", "member_profiles", "identifier_claims", "reference_claims", "forgotten_events"),
    *("insight_members", "insight_receipts", "insight_days", "insight_months", "insight_tiers", "insight_notices"),
    *("insight_expiries", "folded_members"),
)

_LEFT_OUT = {"member_id", "program_id", "answer", "hash", "head_hash", "position"}
_ACCOUNTS = {"from_account", "to_account"}

_encoder = msgspec.json.Encoder()


async def export_rows(connection: Connection, *, member_ids: Collection[UUID]) -> AsyncIterator[bytes]:
    """The lists as the inside of a JSON object, in pieces; ``connection`` sees one instant throughout. ``member_ids``:
    the member and the aliases, whose rows say whose they are."""
    alone = len(member_ids) == 1
    comma = b""
    for name, (table, order) in SECTIONS.items():
        yield comma + b'"%s":[' % name.encode()
        between = b""
        rows = f"SELECT * FROM {table} WHERE member_id = ANY($1::uuid[]) ORDER BY member_id, {order}"
        async for row in connection.cursor(rows, list(member_ids), prefetch=PREFETCHED):
            told = _told(row)
            yield between + _encoder.encode(told if alone else {"member": row["member_id"], **told})
            between = b","
        yield b"]"
        comma = b","


def _told(row: asyncpg.Record) -> dict[str, Any]:
    return {name: _value(name, value) for name, value in row.items() if name not in _LEFT_OUT}


def _value(name: str, value: Any) -> Any:
    if isinstance(value, bytes):  # JSON, as it was written
        return msgspec.Raw(value)
    return account_name(value) if name in _ACCOUNTS else value
