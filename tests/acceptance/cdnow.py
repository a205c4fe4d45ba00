"""The CDNOW sample posted as purchases: what the product then says members are worth is what was published.

2,357 people who first bought in the first quarter of 1997, watched for 39 weeks; the 39 weeks after are held out. The
estimates are those of Fader, Hardie & Lee (2005) and of Fader & Hardie's note 025 (2013).
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import aiohttp

from loyalty_api.cli.local import LocalApi, serve_locally
from loyalty_api.kernel.embedded import EmbeddedPostgres
from loyalty_api.kernel.migrate import migrate
from tests.acceptance.command import bearer, loyalty, work_once
from tests.acceptance.figures import call

CLOCK = "1998-07-01T12:00:00Z"
CALIBRATED_THROUGH = "1997-09-30"
BATCH = 1000
PUBLISHED = {
    "r": "0.243",
    "alpha": "4.414",
    "a": "0.793",
    "b": "2.426",
    "log_likelihood": "-9582.4",
    "p": "6.25",
    "q": "3.74",
    "gamma": "15.44",
}
DOCUMENT = {
    "program": "cdnow",
    "mode": "test",
    "currency": "USD",
    "time_zone": "America/New_York",
    "region": "US",
    "purchases": {"late_days": 3650},
    "earning_rules": [{"code": "base", "per_spend": {"points": 1, "per_minor": 100}}],
}


def run_cdnow(server: EmbeddedPostgres, api: LocalApi, operator_key: str) -> dict[str, Any]:
    """The answer of ``GET /v1/insight/lifetime-value``, and ``agrees``: whether it is what was published."""
    told = asyncio.run(_run(server, api.url, operator_key))
    return told | {"agrees": all(_rounded(told["model"][name], value) == value for name, value in PUBLISHED.items())}


async def _run(server: EmbeddedPostgres, url: str, operator_key: str) -> dict[str, Any]:
    purchases = list(_purchases())
    people = sorted({each["member"]["identifier"] for each in purchases})
    async with aiohttp.ClientSession(url, headers=bearer(operator_key)) as session:
        made = await call(session, "POST", "/v1/programs", DOCUMENT)
    async with aiohttp.ClientSession(url, headers=bearer(made["key"])) as session:
        await call(session, "POST", "/v1/test-clock", {"now": CLOCK})
        await _post(session, "/v1/members/batch", [_member(each) for each in people])
        await _post(session, "/v1/purchases/batch", purchases)
        await asyncio.to_thread(work_once, server)
        return await call(session, "GET", f"/v1/insight/lifetime-value?through={CALIBRATED_THROUGH}")


async def _post(session: aiohttp.ClientSession, path: str, items: list[dict[str, Any]]) -> None:
    for start in range(0, len(items), BATCH):
        answer = await call(session, "POST", path, items[start : start + BATCH])
        assert {each["status"] for each in answer["results"]} == {"recorded"}, answer["results"][0]


def _member(identifier: str) -> dict[str, Any]:
    kind, value = identifier.split(":")
    return {"identifiers": [{"kind": kind, "value": value}], "enrolled_at": "1996-01-01T00:00:00Z"}


def _purchases() -> Iterator[dict[str, Any]]:
    """Each row: who, who in the sample, the day, how many CDs, dollars."""
    for number, row in enumerate(_file().read_text().splitlines()):
        _, person, day, disks, dollars = row.split()
        amount = round(float(dollars) * 100)
        yield {
            "reference": str(number),
            "source": "cdnow",
            "member": {"identifier": f"external_id:{person}"},
            "occurred_at": f"{day[:4]}-{day[4:6]}-{day[6:]}T17:00:00Z",
            "currency": "USD",
            "lines": [{"sku": "CD", "quantity": int(disks), "amount_minor": amount}],
            "total_minor": amount,
        }


def _file() -> Path:
    found = find_spec("lifetimes")
    assert found is not None, "`make acceptance` installs lifetimes, in which the sample ships"
    return Path((found.submodule_search_locations or [""])[0]) / "datasets" / "CDNOW_sample.txt"


def _rounded(value: float | None, like: str) -> str | None:
    """To as many decimals as were published."""
    return None if value is None else f"{value:.{len(like.partition('.')[2])}f}"


def main() -> int:
    """This alone; 0 when it agrees."""
    with EmbeddedPostgres() as server:
        asyncio.run(migrate(server.url()))
        with serve_locally(server.url()) as api:
            operator_key = loyalty(server, "keys", "create", "--operator", "--name", "acceptance")["key"]
            told = run_cdnow(server, api, operator_key)
    print(json.dumps(told, indent=2))
    return 0 if told["agrees"] else 1


if __name__ == "__main__":
    sys.exit(main())
