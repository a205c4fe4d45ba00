"""Figures of a program, taken from REST answers alone."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
from rich.progress import track

AT_ONCE = 16
PAGE = 200


async def call(session: aiohttp.ClientSession, method: str, path: str, body: Any = None) -> Any:
    """One answer; anything but success ends the run."""
    async with session.request(method, path, json=body) as answer:
        assert answer.status < 300, f"{method} {path} answered {answer.status}: {await answer.text()}"
        return await answer.json()


async def call_many(session: aiohttp.ClientSession, calls: list[tuple[str, str, Any]], what: str) -> list[Any]:
    """The answers to many calls, a few at a time."""
    answers: list[Any] = []
    for start in track(range(0, len(calls), AT_ONCE), description=what):
        answers += await asyncio.gather(*(call(session, *each) for each in calls[start : start + AT_ONCE]))
    return answers


async def figures(session: aiohttp.ClientSession, members: dict[int, str], zone: ZoneInfo) -> dict[str, Any]:
    """Members, purchases and points by month, tiers; and every member's points and tier under ``by_member``."""
    paths = [("GET", f"/v1/members/{member_id}", None) for member_id in members.values()]
    read = await call_many(session, paths, "members")
    purchases: Counter[str] = Counter()
    points: Counter[str] = Counter()
    cursor = ""
    while cursor is not None:
        page = await call(session, "GET", f"/v1/purchases?limit={PAGE}{cursor and f'&cursor={cursor}'}")
        for item in page["items"]:
            instant = datetime.fromisoformat(item["occurred_at"])
            month = instant.astimezone(zone).strftime("%Y-%m")
            purchases[month] += 1
            points[month] += item["points"]["earned"]
        cursor = page["next_cursor"]
    return {
        "members": len(read),
        "purchases": sum(purchases.values()),
        "points_issued": sum(points.values()),
        "purchases_by_month": dict(sorted(purchases.items())),
        "points_by_month": dict(sorted(points.items())),
        "members_by_tier": dict(sorted(Counter(each["tier"]["code"] for each in read).items())),
        "by_member": {
            household: (each["points"]["available"], each["tier"]["code"])
            for household, each in zip(members, read, strict=True)
        },
    }
