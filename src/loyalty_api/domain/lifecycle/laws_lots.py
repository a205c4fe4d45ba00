"""The ledger's laws about lots of one member, worked out from rows alone (pure): every lot is what its transfers made
of it, every transfer is covered by lots, and nothing was booked before it was due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from uuid import UUID

from loyalty_api.domain.lifecycle.laws import Broken, MemberRows, Row
from loyalty_api.domain.points.accounts import Account
from loyalty_api.domain.points.dates import inactive_at

_HELD = (Account.SPENDABLE, Account.PENDING, Account.RESERVED)


def check_lots(rows: MemberRows) -> Iterator[Broken]:
    """Every law about lots that the member's rows break."""
    if any(row["program_id"] != rows.program_id for row in rows.draws):
        yield "lots", "draws of the member name another program"
    if not rows.balances:
        return
    balance = rows.balances[0]
    yield from _covered(rows)
    yield from _rebuilt(rows)
    yield from _sums(rows, balance)
    yield from _instants(rows)
    yield from _due(rows, balance)


def _covered(rows: MemberRows) -> Iterator[Broken]:
    """What a transfer puts on or takes from the member's accounts is in lots that it made, or draws on lots."""
    made: dict[int, int] = defaultdict(int)
    drawn: dict[int, int] = defaultdict(int)
    for lot in rows.lots:
        made[lot["transfer_seq"]] += lot["points"]
    for draw in rows.draws:
        drawn[draw["transfer_seq"]] += draw["points"]
    for row in rows.transfers:
        seq, source, target = row["seq"], row["from_account"], row["to_account"]
        held = source in _HELD or target in _HELD
        lots, draws = made.pop(seq, 0), drawn.pop(seq, 0)
        if lots and (source in _HELD or target not in _HELD):
            yield "lots", f"transfer {seq} made lots out of points that were in lots already"
        if lots + draws != (row["points"] if held else 0):
            yield "lots", f"transfer {seq} moved {row['points']} points, its lots and draws account for {lots + draws}"
    for seq in sorted(made.keys() | drawn.keys()):
        yield "lots", f"lots or draws name transfer {seq}, which does not exist"


def _rebuilt(rows: MemberRows) -> Iterator[Broken]:
    """Each lot holds what it was made with, less and more what its draws say."""
    by_seq = {row["seq"]: row for row in rows.transfers}
    remaining = {lot["lot_id"]: lot["points"] for lot in rows.lots}
    reserved = dict.fromkeys(remaining, 0)
    pending = {
        lot["lot_id"]
        for lot in rows.lots
        if (made := by_seq.get(lot["transfer_seq"])) and made["to_account"] == Account.PENDING
    }
    for draw in rows.draws:
        lot_id, points, transfer = draw["lot_id"], draw["points"], by_seq.get(draw["transfer_seq"])
        if lot_id not in remaining or transfer is None:
            yield "lots", f"transfer {draw['transfer_seq']} draws on lot {lot_id}, which does not exist"
            return
        source, target = transfer["from_account"], transfer["to_account"]
        remaining[lot_id] += points * ((target in _HELD) - (source in _HELD))
        reserved[lot_id] += points * ((target == Account.RESERVED) - (source == Account.RESERVED))
        if source == Account.PENDING and target == Account.SPENDABLE:
            pending.discard(lot_id)
    for lot in rows.lots:
        lot_id = lot["lot_id"]
        if (lot["remaining"], lot["reserved"] or 0) != (remaining[lot_id], reserved[lot_id]):
            held = f"{lot['remaining']} points and {lot['reserved'] or 0} of them reserved"
            yield "lots", f"lot {lot_id} holds {held}, its draws say {remaining[lot_id]} and {reserved[lot_id]}"
        if lot["pending"] != (lot_id in pending):
            yield "lots", f"lot {lot_id} is {'' if lot['pending'] else 'not '}pending, its transfers say otherwise"


def _sums(rows: MemberRows, balance: Row) -> Iterator[Broken]:
    """Open lots add up to the balance, part by part."""
    pending = sum(lot["remaining"] for lot in rows.lots if lot["pending"])
    reserved = sum(lot["reserved"] or 0 for lot in rows.lots)
    spendable = sum(lot["remaining"] for lot in rows.lots) - pending - reserved
    for name, points in (("spendable", spendable), ("pending", pending), ("reserved", reserved)):
        if balance[name] != points:
            yield "lots", f"{name} lots hold {points} points, the balance {balance[name]}"
    if balance["debt"] and balance["spendable"]:
        yield "debt", f"the member owes {balance['debt']} points and has {balance['spendable']} that could pay them"


def _instants(rows: MemberRows) -> Iterator[Broken]:
    """Nothing matured or expired before its lot's date, and each for the lot that it names."""
    lots = {lot["lot_id"]: lot for lot in rows.lots}
    drawn: dict[int, set[UUID]] = defaultdict(set)
    for draw in rows.draws:
        drawn[draw["transfer_seq"]].add(draw["lot_id"])
    for row in rows.transfers:
        if row["kind"] not in ("mature", "expire"):
            continue
        column = "available_at" if row["kind"] == "mature" else "expires_at"
        for lot_id in drawn[row["seq"]]:
            at = lots[lot_id][column] if lot_id in lots else None
            if at is None or at > row["occurred_at"] or row["occurred_at"] > row["recorded_at"]:
                yield "due", f"transfer {row['seq']} is of kind {row['kind']} before lot {lot_id} was due"
        if row["cause_kind"] == "lot" and drawn[row["seq"]] != {row["cause_id"]}:
            yield "due", f"transfer {row['seq']} is of kind {row['kind']} for another lot than it drew on"


def _due(rows: MemberRows, balance: Row) -> Iterator[Broken]:
    """The balance row knows the latest purchase that stands, and is never late in knowing what is due next."""
    back: dict[UUID, int] = defaultdict(int)
    for row in rows.returns:
        back[row["purchase_id"]] += row["amount_minor"]
    gone = {row["purchase_id"] for row in rows.returns if row["kind"] == "void"}
    gone |= {row["purchase_id"] for row in rows.purchases if 0 < row["total_minor"] == back[row["purchase_id"]]}
    standing = [row["occurred_at"] for row in rows.purchases if row["purchase_id"] not in gone]
    last = max(standing, default=None)
    if balance["last_purchase_at"] != last:
        yield "due", f"the latest purchase was at {last}, the balance knows {balance['last_purchase_at']}"
    for lot in rows.lots:
        if lot["remaining"] == (lot["reserved"] or 0):
            continue
        at = lot["available_at"] if lot["pending"] else lot["expires_at"]
        if at is not None and not lot["pending"] and lot["inactivity_days"] and last is not None:
            at = max(at, inactive_at(lot["inactivity_days"], last, rows.zone))
        if at is not None and (balance["next_due_at"] is None or balance["next_due_at"] > at):
            yield "due", f"lot {lot['lot_id']} is due at {at}, the balance knows of {balance['next_due_at']}"
