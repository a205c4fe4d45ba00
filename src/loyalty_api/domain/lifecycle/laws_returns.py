"""The laws of returns: never more than was bought, and the parts add up to the whole (pure)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from uuid import UUID

import msgspec

from loyalty_api.domain.lifecycle.laws import Broken, MemberRows, Row, events_of
from loyalty_api.domain.lifecycle.laws_decisions import MemberSums

_numbers = msgspec.json.Decoder(dict[str, int])


def check_returns(rows: MemberRows) -> Iterator[Broken]:
    """Every law of returns that the member's rows break."""
    purchases = {row["purchase_id"]: row for row in rows.purchases}
    of_purchase: dict[UUID, list[Row]] = defaultdict(list)
    held = {row["record_id"] for row in rows.return_references if row["claimed_by"] == rows.member_id}
    for row in rows.returns:
        of_purchase[row["purchase_id"]].append(row)
        if row["program_id"] != rows.program_id or row["purchase_id"] not in purchases:
            yield "return", f"return {row['return_id']} is of no purchase of the member"
        if row["return_id"] not in held:
            yield "reference", f"return {row['return_id']} does not hold its reference {row['reference']!r}"
        if sum(_numbers.decode(row["by_rule"]).values()) != row["points_due"]:
            yield "return", f"the rules of return {row['return_id']} do not add up to its points"
    for purchase_id, returns in of_purchase.items():
        if purchase_id in purchases:
            yield from _whole(purchases[purchase_id], returns)
    yield from _transfers(rows)
    told = events_of(rows, "returns")
    if told != len(rows.returns):
        yield "event", f"there are {len(rows.returns)} returns and {told} events of returns"


def less_returns(sums: MemberSums, rows: MemberRows) -> MemberSums:
    """What the purchases left to be carried, with what their returns changed of it."""
    for row in rows.returns:
        for rule, change in _numbers.decode(row["carry_change"]).items():
            sums.carried[rule] += change
    return sums


def _whole(purchase: Row, returns: list[Row]) -> Iterator[Broken]:
    """No more is back than was bought, earned or counted; all is when all of it went back."""
    amount = sum(row["amount_minor"] for row in returns)
    for what, back, whole in (
        ("money", amount, purchase["total_minor"]),
        ("points", sum(row["points_due"] for row in returns), purchase["points_earned"]),
        ("of the tier", sum(row["tier_value"] for row in returns), purchase["tier_value"] or 0),
    ):
        if back > whole or (amount == purchase["total_minor"] and amount and back != whole):
            yield "return", f"of purchase {purchase['purchase_id']} {back} {what} are back, of {whole}"


def _transfers(rows: MemberRows) -> Iterator[Broken]:
    """Each return's transfers, the member's or of whom the member was an alias of, took and gave what it says; none is
    of a return that does not exist."""
    booked: dict[tuple[UUID, str], int] = defaultdict(int)
    known = {row["return_id"] for row in rows.returns}
    for row in rows.transfers:
        if row["cause_kind"] == "return":
            booked[row["cause_id"], row["kind"]] += row["points"]
    for row in rows.survivor_transfers:
        if row["cause_id"] in known:
            booked[row["cause_id"], row["kind"]] += row["points"]
    for row in rows.returns:
        for kind, said in (
            ("return", row["points_taken"] - row["points_expired"]),
            ("give_back", row["points_given"]),
        ):
            points = booked[row["return_id"], kind]
            if points != said:
                yield "return", f"return {row['return_id']} says {said} of {kind}, its transfers {points}"
    for return_id in {return_id for return_id, _ in booked} - known - {row["return_id"] for row in rows.alias_returns}:
        yield "cause", f"transfers name a return {return_id} that does not exist"
