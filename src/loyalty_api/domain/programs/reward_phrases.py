"""Values of rewards as phrases that a marketer reads (pure); see ``phrases.py``."""

from __future__ import annotations

from typing import Any

from loyalty_api.domain.programs.phrases import counted, day, days, money, number, plainly

AUTO = {True: "by itself, as often as the points suffice", False: "when it is asked for"}


def gives(reward: Any, document: Any) -> str:
    """What a reward gives: ``5.00 EUR off``."""
    told = [say(reward[kind], document) for kind, say in _GIVES.items() if reward[kind] is not None]
    return " and ".join(told) or "nothing"


def price(value: int | None, _document: Any) -> str:
    """What it costs the member."""
    return f"for {counted(value, 'point')}" if value else "without a price"


def stock(value: int | None, _document: Any) -> str:
    """How many there are."""
    return f"{number(value)} times in all" if value else "without end of stock"


def valid(value: Any, _document: Any) -> str:
    """When it may be had."""
    dates = [f"{word} {day(value[word])}" for word in ("from", "until") if value.get(word)]
    return " ".join(dates) or "at any time"


def per_member(value: Any, _document: Any) -> str:
    """How often one member may have it."""
    if not value:
        return "by one member as often as wanted"
    period = f" in {days(value['days'])}" if value.get("days") else ""
    return f"by one member at most {counted(value['limit'], 'time')}{period}"


def cost(value: int | None, document: Any) -> str:
    """What one costs the program."""
    return "at a cost that is not told" if value is None else f"at a cost of {money(value, document)} to the program"


def _percent_off(value: Any, document: Any) -> str:
    most = f", at most {money(value['max_minor'], document)}" if value.get("max_minor") else ""
    return f"{number(value['percent'])} % off{most}"


def _pay(value: Any, document: Any) -> str:
    told = [f"{money(value['minor'], document)} of a basket for every {counted(value['points'], 'point')}"]
    if value["min"] > 1:
        told.append(f"from {counted(value['min'], 'point')} on")
    if value["step"] > 1:
        told.append(f"in steps of {number(value['step'])}")
    if value["max_share"] != 1:
        told.append(f"up to {number(value['max_share'] * 100)} % of it")
    return ", ".join(told)


_GIVES = {
    "money_off": lambda value, document: f"{money(value['amount_minor'], document)} off",
    "percent_off": _percent_off,
    "free_product": lambda value, _: f"{number(value['quantity'])} {plainly(value['sku'])} for nothing",
    "coupon": lambda value, _: f"a code of pool {value['pool']}",
    "pay_with_points": _pay,
    "donation": lambda value, _: f"a donation to {plainly(value['to'])}",
    "custom": lambda value, _: plainly(value["note"]),
}
