"""A program with something of everything behind a served API, for clients that are not written in Python.

``python -m tests.clients.serve`` says where it is, as one line of JSON, and ends when its input does.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from loyalty_api.cli.local import serve_locally
from loyalty_api.domain.access.issue_key import issue_key
from loyalty_api.kernel.clock import now, rfc3339
from loyalty_api.kernel.database import Database
from loyalty_api.kernel.embedded import EmbeddedPostgres
from loyalty_api.kernel.migrate import migrate
from tests.make.engagement import per_event
from tests.make.phone import Phone
from tests.make.program import BASE_RULE
from tests.make.purchase import make_purchase
from tests.make.reward import make_pool, make_redemption, make_reward
from tests.make.shop import Shop

DOCUMENT: dict[str, Any] = {
    "mode": "live",
    "name": "Coffee Club",
    "points": {"name": "beans", "expiry": {"months": 12}, "notice_days": 400},
    "earning_rules": [
        BASE_RULE,
        per_event(5, "app_open", code="opened", caps={"per_member": {"points": 1000, "days": 1}}),
    ],
    "engagement": {"phone_kinds": ["app_open"]},
    "rewards": [
        make_reward("two-off", points=20, money_off={"amount_minor": 200}),
        make_reward("voucher", points=10, money_off=None, coupon={"pool": "spring"}),
        make_reward("mug", points=50_000, money_off=None, custom={"note": "a mug"}, stock=3),
    ],
}


@contextmanager
def served() -> Generator[dict[str, Any]]:
    """The address of a served API, a key of its program, and a member with a token."""
    with EmbeddedPostgres() as server, tempfile.TemporaryDirectory() as folder:
        key = asyncio.run(_prepare(server.url()))
        with (
            serve_locally(server.url(), log=Path(folder) / "log", demo_pages=True) as api,
            httpx.Client(base_url=api.url, timeout=30) as http,
        ):
            shop = Shop.open(http, key, DOCUMENT)
            yield {"url": api.url, "key": shop.key, **_member(shop)}


async def _prepare(url: str) -> str:
    """The schema, and an operator's key."""
    await migrate(url)
    database = await Database.open(url, pool_size=1)
    try:
        return (
            await database.write(
                lambda connection: issue_key(connection, program_id=None, name="tests", scopes=["operator"], now=now())
            )
        ).key
    finally:
        await database.close()


def _member(shop: Shop) -> dict[str, Any]:
    """Somebody who bought, has something set aside, was given a code, and was put right by staff."""
    assert shop.call("POST", "/v1/coupons/pools", make_pool(generate=1000, codes=None)).status_code == 201
    member = shop.enrol("card:4006381333931", profile={"given_name": "Ada", "language": "en"})
    present = rfc3339(now())
    for number in range(30):
        shop.post(make_purchase(member["card"], 1000 + number, occurred_at=present)).raise_for_status()
    shop.call("POST", "/v1/redemptions", make_redemption(member["card"], "two-off", complete=False)).raise_for_status()
    shop.call("POST", "/v1/redemptions", make_redemption(member["card"], "voucher")).raise_for_status()
    put_right = {"reference": "sorry", "points": 15, "reason": "put right"}
    shop.call("POST", f"/v1/members/{member['id']}/points/adjustments", put_right).raise_for_status()
    return {"member": member["id"], "card": member["card"], "token": Phone.of(shop, member).token}


if __name__ == "__main__":
    with served() as told:
        print(json.dumps(told), flush=True)
        sys.stdin.read()
