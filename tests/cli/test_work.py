"""`loyalty work`: what is due is run by a process of its own, once or until it is told to stop."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from tests.make.insight import points_of
from tests.make.shop import Shop
from tests.make.time import let_time_pass

from loyalty_api.kernel.clock import monotonic

WAIT_SECONDS_MAX = 30


def start(url: str, *arguments: str) -> subprocess.Popen[str]:
    """The command on a database."""
    return subprocess.Popen(
        [sys.executable, "-m", "loyalty_api", "work", *arguments],
        env={**os.environ, "LOYALTY_DATABASE_URL": url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def opened(make_shop: Callable[..., Shop]) -> tuple[Shop, dict[str, Any]]:
    """A shop and a member whose ten points expire on 12 March."""
    shop = make_shop(points={"expiry": {"days": 10}})
    member = shop.enrol()
    shop.buy(member, 1000, occurred_at="2026-03-02T12:00:00Z")
    return shop, member


def kinds(shop: Shop, member: dict[str, Any]) -> list[str]:
    """What happened to the member's points, oldest first, as far as it is booked."""
    items = shop.call("GET", f"/v1/members/{member['id']}/points/history").json()["items"]
    return [each["kind"] for each in reversed(items)]


def test_once_runs_what_is_due_says_so_and_ends(make_shop: Callable[..., Shop], database_url: str) -> None:
    shop, member = opened(make_shop)
    let_time_pass(database_url, shop, "2026-03-12T12:00:00Z")
    assert kinds(shop, member) == ["earn"]
    said, _ = start(database_url, "--once", "--json").communicate(timeout=WAIT_SECONDS_MAX)
    assert [each["value"] for each in points_of(shop, "purchases", from_="2026-03-01")] == [1]  # events became figures
    mine = [line for line in map(json.loads, said.splitlines()) if line["program"] == shop.document["program"]]
    assert mine == [
        {
            "program": shop.document["program"],
            "at": "2026-03-12T12:00:00Z",
            "nights": 10,
            "transfers": 1,
            "tiers": 0,
            "notices": 1,
            "reservations": 0,
            "rewards": 0,
        }
    ]
    assert kinds(shop, member) == ["earn", "expire"]
    again, _ = start(database_url, "--once", "--json").communicate(timeout=WAIT_SECONDS_MAX)
    assert shop.document["program"] not in again


def test_it_works_until_it_is_told_to_stop(make_shop: Callable[..., Shop], database_url: str) -> None:
    shop, member = opened(make_shop)
    worker = start(database_url, "--pause", "0.1")
    try:
        let_time_pass(database_url, shop, "2026-03-12T12:00:00Z")
        deadline = monotonic() + WAIT_SECONDS_MAX
        while kinds(shop, member) != ["earn", "expire"] and monotonic() < deadline:
            time.sleep(0.05)
        assert kinds(shop, member) == ["earn", "expire"]
        worker.send_signal(signal.SIGTERM)
        _, said = worker.communicate(timeout=WAIT_SECONDS_MAX)
    finally:
        worker.kill()
        worker.wait()
    assert worker.returncode == 0, said
    assert "loyalty: working; Ctrl-C ends it" in said
    assert f"loyalty: {shop.document['program']}: " in said


def test_without_a_database_it_says_the_way_out() -> None:
    done = start("postgresql://nobody@127.0.0.1:1/none", "--once")
    _, said = done.communicate(timeout=WAIT_SECONDS_MAX)
    assert done.returncode == 3
    assert "Is LOYALTY_DATABASE_URL right" in said
