"""The ledger's laws for one member, worked out from rows alone (pure): each yields what breaks it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from loyalty_api.domain.points.accounts import Account
from loyalty_api.domain.points.chain import NO_HASH, Sealed, seal
from loyalty_api.kernel.clock import local_date


class Row(Protocol):
    """A row, its columns by name."""

    def __getitem__(self, name: str, /) -> Any: ...


Broken = tuple[str, str]  # which law, and what is wrong

# Each part of the balance, and whether it is what its account holds or, a debt, what it lacks.
_PARTS = {
    Account.SPENDABLE: ("spendable", 1),
    Account.PENDING: ("pending", 1),
    Account.RESERVED: ("reserved", 1),
    Account.DEBT: ("debt", -1),
}
# Kinds of causes that other laws look after.
_CAUSES_ELSEWHERE = {"adjustment", "engagement", "merge", "opening", "redemption", "return"}


class MemberRows(msgspec.Struct, frozen=True):
    """Everything that is stored about one member's points, purchases, events and tier."""

    member_id: UUID
    program_id: UUID
    zone: ZoneInfo
    balances: Sequence[Row]
    transfers: Sequence[Row]
    lots: Sequence[Row]
    draws: Sequence[Row]
    purchases: Sequence[Row]
    references: Sequence[Row]
    returns: Sequence[Row]
    engagements: Sequence[Row]
    return_references: Sequence[Row]
    engagement_references: Sequence[Row]
    openings: Sequence[Row]
    opening_references: Sequence[Row]
    adjustments: Sequence[Row]
    adjustment_references: Sequence[Row]
    members: Sequence[Row]
    merges: Sequence[Row]
    alias_days: Sequence[Row]
    alias_returns: Sequence[Row]
    survivor_transfers: Sequence[Row]
    tiers: Sequence[Row]
    tier_days: Sequence[Row]
    tier_moves: Sequence[Row]
    tier_reviews: Sequence[Row]
    events: Sequence[Row]
    forgotten: Sequence[Row]
    carries: Sequence[Row]
    earning_days: Sequence[Row]
    redemptions: Sequence[Row] = ()
    holds: Sequence[Row] = ()
    coupon_uses: Sequence[Row] = ()
    reward_references: Sequence[Row] = ()


def check_member(rows: MemberRows) -> Iterator[Broken]:
    """Every law that the member's rows break."""
    if not rows.balances:
        yield "balance", "the member has no balance"
        return
    balance = rows.balances[0]
    named = (balance, *rows.transfers, *rows.lots, *rows.purchases, *rows.carries, *rows.earning_days)
    if any(row["program_id"] != rows.program_id for row in named):
        yield "cause", "rows of the member name another program"
    yield from _chain(rows, balance)
    yield from _fold(rows, balance)
    yield from _causes(rows)
    yield from _references(rows)
    yield from _events(rows, balance)
    yield from _tier(rows)


def _chain(rows: MemberRows, balance: Row) -> Iterator[Broken]:
    """Gapless, each sealing itself and the one before, the last one known to the balance."""
    previous = NO_HASH
    for number, row in enumerate(rows.transfers, 1):
        if row["seq"] != number:
            yield "chain", f"transfer {number} is missing"
            return
        sealed = seal(previous, Sealed(*(row[name] for name in Sealed._fields)))
        if sealed != row["hash"]:
            yield "chain", f"transfer {number} is not what was sealed"
            return
        previous = sealed
    if len(rows.transfers) != balance["transfer_seq"]:
        missing = f"transfer {len(rows.transfers) + 1} to {balance['transfer_seq']} are missing"
        yield "chain", missing if len(rows.transfers) < balance["transfer_seq"] else "there are transfers too many"
    elif previous != balance["head_hash"]:
        yield "chain", "the last transfer is not the one that the balance knows"


def _fold(rows: MemberRows, balance: Row) -> Iterator[Broken]:
    """Each part of the balance is the sum of its movements, after every transfer and at the end."""
    folded: dict[int, int] = defaultdict(int)
    for row in rows.transfers:
        folded[row["from_account"]] -= row["points"]
        folded[row["to_account"]] += row["points"]
        for account, (name, sign) in _PARTS.items():
            if sign * folded[account] != row[f"{name}_after"]:
                after = f"{name} is {row[f'{name}_after']}, not {sign * folded[account]}"
                yield "balance", f"after transfer {row['seq']} {after}"
                return
    for account, (name, sign) in _PARTS.items():
        if balance[name] != sign * folded[account]:
            yield "balance", f"{name} is {balance[name]}, its transfers add up to {sign * folded[account]}"
    earned = -folded[Account.ISSUED] - folded[Account.RETURNED]
    if balance["lifetime_earned"] != earned:
        yield "balance", f"lifetime_earned is {balance['lifetime_earned']}, its transfers add up to {earned}"


def _causes(rows: MemberRows) -> Iterator[Broken]:
    """Every transfer has its cause (of an event: see ``laws_engagement``), every purchase with points the transfers
    that earned them."""
    purchases = {row["purchase_id"]: row for row in rows.purchases}
    made: dict[UUID, dict[int, int]] = defaultdict(dict)  # purchase → its transfers' points by account
    first: dict[UUID, int] = {}
    lots = {lot["lot_id"] for lot in rows.lots}
    for row in rows.transfers:
        purchase_id = row["cause_id"]
        if row["cause_kind"] in _CAUSES_ELSEWHERE or (row["cause_kind"] == "lot" and purchase_id in lots):
            continue
        earns = row["kind"] == "earn"
        if (
            row["cause_kind"] != "purchase"
            or purchase_id not in purchases
            or (earns and row["to_account"] in made[purchase_id])
        ):
            yield "cause", f"transfer {row['seq']} has no {row['cause_kind']} {purchase_id}"
            continue
        if not earns:
            continue
        made[purchase_id][row["to_account"]] = row["points"]
        first.setdefault(purchase_id, row["seq"])
    for purchase_id, row in purchases.items():
        if row["points_of_rules"] != row["points_earned"]:
            yield "cause", f"the rules of purchase {purchase_id} do not add up to its points"
        if first.get(purchase_id) != row["transfer_seq"]:
            yield "cause", f"purchase {purchase_id} has lost its transfer {row['transfer_seq']}"
        points = sum(made[purchase_id].values())
        if points != row["points_earned"]:
            yield "cause", f"purchase {purchase_id} earned {row['points_earned']}, its transfers {points}"
        elif made[purchase_id].get(Account.PENDING, 0) != row["points_pending"]:
            yield "cause", f"of purchase {purchase_id} {row['points_pending']} points are said to be pending"


def _references(rows: MemberRows) -> Iterator[Broken]:
    """Every purchase holds its reference, but one that was moved to another member: that one is voided."""
    claims = {row["purchase_id"]: row for row in rows.references}
    voided = {row["purchase_id"] for row in rows.returns if row["kind"] == "void"}
    for row in rows.purchases:
        purchase_id, claim = row["purchase_id"], claims.get(row["purchase_id"])
        if claim is not None and (claim["claimed_by"], claim["record_id"]) == (rows.member_id, purchase_id):
            continue
        if claim is None or claim["moved_from"] is None or purchase_id not in voided:
            yield "reference", f"purchase {row['purchase_id']} does not hold its reference {row['reference']!r}"


def _events(rows: MemberRows, balance: Row) -> Iterator[Broken]:
    """Every fact has its event, in a sequence without gaps: those that were forgotten, then those that are kept."""
    through = rows.forgotten[0]["through"] if rows.forgotten else 0
    kept = rows.events[0] if rows.events else {"rows": 0, "first": through + 1, "last": through}
    if kept["last"] != balance["event_seq"] or kept["rows"] != kept["last"] - through or kept["first"] != through + 1:
        yield (
            "event",
            f"there are {kept['rows']} events from {kept['first']} to {kept['last']}, {through} are forgotten, and the"
            f" balance knows {balance['event_seq']}",
        )
    elif events_of(rows, "purchases") != len(rows.purchases):
        found = events_of(rows, "purchases")
        yield "event", f"there are {len(rows.purchases)} purchases and {found} events of purchases"


def events_of(rows: MemberRows, kind: str) -> int:
    """How many events of a kind the member has, those that were forgotten among them."""
    return sum(row[kind] for row in (*rows.events, *rows.forgotten))


def _tier(rows: MemberRows) -> Iterator[Broken]:
    """Day buckets are the purchases less their returns, and events, the aliases' among them; the window's sum is that
    of its buckets."""
    if not rows.tiers:
        yield "tier", "the member has no tier row"
        return
    tier = rows.tiers[0]
    days: dict[Any, int] = defaultdict(int)
    for row in (*rows.purchases, *rows.engagements):
        if row["tier_value"] is None:
            continue
        days[local_date(row["occurred_at"], rows.zone)] += row["tier_value"]
    bought_at = {row["purchase_id"]: row["occurred_at"] for row in rows.purchases}
    for row in rows.returns:
        if row["tier_value"] and row["purchase_id"] in bought_at:
            days[local_date(bought_at[row["purchase_id"]], rows.zone)] -= row["tier_value"]
    for row in rows.alias_days:
        days[row["day"]] += row["value"]
    if {row["day"]: row["value"] for row in rows.tier_days if row["value"]} != {d: v for d, v in days.items() if v}:
        yield "tier", "the day buckets are not the purchases and events by day"
    held = sum(row["value"] for row in rows.tier_days if tier["window_from"] <= row["day"] <= tier["window_through"])
    if held != tier["window_sum"]:
        yield "tier", f"the window's sum is {tier['window_sum']}, its days add up to {held}"
    if len(rows.tier_moves) != tier["moves"] or (rows.tier_moves and rows.tier_moves[-1]["to_tier"] != tier["tier"]):
        yield "tier", f"the member holds {tier['tier']}, which the moves do not lead to"
