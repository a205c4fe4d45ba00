"""The life of the year's points, month by month, worked out from the history of every member (REST answers alone)."""

from __future__ import annotations

from collections import Counter, deque
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp

from tests.acceptance.figures import PAGE, call

KINDS = {"earn": "earned", "redeem": "redeemed", "expire": "expired"}


class Months:
    """Points by the month of a movement, and by the month in which they were earned."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self.moved: dict[str, Counter[str]] = {name: Counter() for name in KINDS.values()}
        self.of_earn_month: dict[str, Counter[str]] = {name: Counter() for name in KINDS.values()}

    def take(self, items: list[dict[str, Any]]) -> None:
        """Adds a member's movements, oldest first.

        All lots live equally long, so the oldest points are spent, and expire, first; what expires is what is left of
        the oldest lot, exactly.
        """
        lots: deque[list[Any]] = deque()  # [month in which they were earned, points that are left]
        for item in items:
            name, points = KINDS[item["kind"]], item["points"]
            month = self._month(item["recorded_at"])
            self.moved[name][month] += points
            if name == "earned":
                lots.append([month, points])
                self.of_earn_month[name][month] += points
                continue
            if name == "expired":
                assert lots[0][1] == points, f"{points} points expired, the oldest lot holds {lots[0][1]}"
            while points:
                taken = min(points, lots[0][1])
                self.of_earn_month[name][lots[0][0]] += taken
                lots[0][1] -= taken
                points -= taken
                if not lots[0][1]:
                    lots.popleft()

    def by_month(self) -> dict[str, dict[str, int]]:
        """Opening, what moved, and closing, of every month."""
        told, opening = {}, 0
        for month in sorted(self.moved["earned"] | self.moved["redeemed"] | self.moved["expired"]):
            earned, redeemed, expired = (self.moved[name][month] for name in KINDS.values())
            closing = opening + earned - redeemed - expired
            told[month] = {
                "opening": opening,
                "earned": earned,
                "redeemed": redeemed,
                "expired": expired,
                "closing": closing,
            }
            opening = closing
        return told

    def by_earn_month(self) -> dict[str, dict[str, int]]:
        """What became of the points of every month."""
        told = {}
        for month in sorted(self.of_earn_month["earned"]):
            earned, redeemed, expired = (self.of_earn_month[name][month] for name in KINDS.values())
            left = earned - redeemed - expired
            told[month] = {"earned": earned, "redeemed": redeemed, "expired": expired, "outstanding": left}
        return told

    def _month(self, instant: str) -> str:
        return datetime.fromisoformat(instant).astimezone(self._zone).strftime("%Y-%m")


async def lifecycle(session: aiohttp.ClientSession, members: list[str], zone: ZoneInfo) -> dict[str, Any]:
    """The months, and the points that all members hold at the end, which they must add up to."""
    months, held = Months(zone), 0
    for member_id in members:
        months.take(await _history(session, member_id))
        held += (await call(session, "GET", f"/v1/members/{member_id}"))["points"]["available"]
    by_month, by_earn_month = months.by_month(), months.by_earn_month()
    closing = list(by_month.values())[-1]["closing"]
    outstanding = sum(month["outstanding"] for month in by_earn_month.values())
    assert held == closing == outstanding, f"members hold {held}, the months {closing} and {outstanding}"
    return {"by_month": by_month, "by_earn_month": by_earn_month}


async def _history(session: aiohttp.ClientSession, member_id: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor = ""
    while cursor is not None:
        path = f"/v1/members/{member_id}/points/history?limit={PAGE}{cursor and f'&cursor={cursor}'}"
        page = await call(session, "GET", path)
        items += page["items"]
        cursor = page["next_cursor"]
    return items[::-1]
