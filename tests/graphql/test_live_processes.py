"""Phones at one process, tills at another: woken over Valkey, and by themselves once a Valkey that was gone is back."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import httpx
import pytest

from loyalty_api.cli.local import LocalApi
from tests.make.live import POINTS, LivePhone
from tests.make.phone import Phone
from tests.make.shop import Shop
from tests.make.time import let_time_pass
from tests.make.valkey import OwnValkey

SECRET = "a secret that both processes know"


class Two(NamedTuple):
    """Two API processes on one database, with one Valkey between them; tills are at the first."""

    valkey: OwnValkey
    tills: httpx.Client
    phones: str
    environment: dict[str, str]


@pytest.fixture(scope="module")
def two(start_api: Callable[..., LocalApi], database_url: str) -> Iterator[Two]:
    """Two processes, which end with the module."""
    with OwnValkey() as valkey, pytest.MonkeyPatch.context() as patch:
        ours = {"LOYALTY_REDIS_URL": valkey.url, "LOYALTY_TOKEN_SECRETS": SECRET}
        for name, value in ours.items():
            patch.setitem(os.environ, name, value)
        one, other = start_api(database_url), start_api(database_url)
        with httpx.Client(base_url=one.url, timeout=30) as tills:
            yield Two(valkey, tills, other.url, {"LOYALTY_DATABASE_URL": database_url, **ours})
        one.stop()
        other.stop()


@pytest.fixture
def shop(two: Two, operator_key: str) -> Shop:
    """A shop whose points expire after ten days."""
    return Shop.open(two.tills, operator_key, {"points": {"expiry": {"days": 10}}})


def subscribed(shop: Shop, url: str) -> tuple[dict[str, Any], LivePhone]:
    """A member, and their phone at a process, which knows that they have no points."""
    member = shop.enrol()
    live = LivePhone.of(Phone.of(shop, member), url)
    live.subscribe(POINTS)
    assert live.told()["available"] == 0
    return member, live


def test_a_purchase_at_one_process_wakes_the_phone_at_the_other(two: Two, shop: Shop) -> None:
    member, live = subscribed(shop, two.phones)
    other, others = subscribed(shop, two.phones)
    with live, others:
        for count in range(1, 6):
            shop.buy(member, 1000)
            assert live.told()["available"] == count * 10
        shop.buy(other, 1000)
        assert others.told()["available"] == 10
        assert live.is_silent()


def test_signing_out_at_one_process_ends_the_connection_at_the_other(two: Two, shop: Shop) -> None:
    member, live = subscribed(shop, two.phones)
    with live:
        shop.call("DELETE", f"/v1/members/{member['id']}/tokens")
        assert live.closed()[0] == 4403


def test_what_the_worker_does_wakes_phones(two: Two, shop: Shop) -> None:
    member, live = subscribed(shop, two.phones)
    with live:
        shop.buy(member, 1000, occurred_at="2026-03-02T12:00:00Z")
        assert live.told()["available"] == 10
        let_time_pass(two.environment["LOYALTY_DATABASE_URL"], shop, "2026-03-12T12:00:00Z")
        command = [sys.executable, "-m", "loyalty_api", "work", "--once"]
        subprocess.run(command, env=os.environ | two.environment, check=True, capture_output=True)
        assert live.told()["available"] == 0


def test_while_valkey_is_gone_tills_lose_nothing_and_phones_catch_up_once_it_is_back(two: Two, shop: Shop) -> None:
    member, live = subscribed(shop, two.phones)
    neighbour, beside = subscribed(shop, str(two.tills.base_url))
    with live, beside:
        two.valkey.kill()
        for _ in range(5):
            shop.buy(member, 1000)
        shop.buy(neighbour, 1000)
        assert beside.told()["available"] == 10, "in one process no Valkey is needed"
        assert live.is_silent()
        two.valkey.start()
        assert live.told()["available"] == 50
        shop.buy(member, 1000)
        assert live.told()["available"] == 60


def test_a_valkey_that_answers_nothing_holds_nobody_up(two: Two, shop: Shop) -> None:
    member, live = subscribed(shop, two.phones)
    with live:
        with two.valkey.frozen():
            for _ in range(5):
                shop.buy(member, 1000)
            assert shop.points(member) == (50, 0)
        assert live.told()["available"] == 50
        shop.buy(member, 1000)
        assert live.told()["available"] == 60


def test_what_is_no_message_of_ours_is_passed_over(two: Two, shop: Shop) -> None:
    member, live = subscribed(shop, two.phones)
    with live:
        for nonsense in (b"", b"hello", b"\x93\x01\x02\x03", b"\xff" * 1000):
            two.valkey.publish("loyalty:facts", nonsense)
        shop.buy(member, 1000)
        assert live.told()["available"] == 10
