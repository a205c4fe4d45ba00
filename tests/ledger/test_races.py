"""Many tills at once, over several processes: nothing is lost, nothing counts twice."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import httpx
from tests.make.purchase import make_purchase
from tests.make.shop import Shop, bearer

from loyalty_api.cli.local import free_port
from loyalty_api.domain.lifecycle.verify import verify
from loyalty_api.kernel.database import Database


async def post_all(requests: list[tuple[str, dict]], key: str, path: str = "/v1/purchases") -> list[httpx.Response]:
    """Posts all bodies at once, each to its address."""
    limits = httpx.Limits(max_connections=64)
    async with httpx.AsyncClient(timeout=60, limits=limits, headers=bearer(key)) as client:
        return await asyncio.gather(*(client.post(url + path, json=body) for url, body in requests))


async def test_twenty_four_clients_with_one_reference_over_two_processes_get_one_answer(
    own_shop: Shop, apis: list[str], own_database: Database
) -> None:
    first, second = apis
    shop = own_shop
    for _ in range(5):
        member = shop.enrol()
        body = make_purchase(member["card"], 1234)
        answers = await post_all([((first, second)[index % 2], body) for index in range(24)], shop.key)
        assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 23}
        assert len({answer.content for answer in answers}) == 1
        assert shop.member(member["id"])["points"]["available"] == 12
    assert (await verify(own_database)).found == 0


async def test_one_reference_for_two_members_is_recorded_for_one_of_them(
    own_shop: Shop, apis: list[str], own_database: Database
) -> None:
    _first, _second = apis
    shop = own_shop
    for number in range(10):
        bodies = [make_purchase(shop.enrol()["card"], 1000, reference=f"same-{number}") for _ in range(2)]
        pairs = [(api, body) for api in apis for body in bodies for _ in range(4)]
        answers = await post_all(pairs, shop.key)
        assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 7, 409: 8}
    assert (await verify(own_database)).found == 0


async def test_five_hundred_purchases_to_one_member_at_once_all_count(
    own_shop: Shop, apis: list[str], own_database: Database
) -> None:
    first, second = apis
    shop = own_shop
    member = shop.enrol()
    bodies = [make_purchase(member["card"], 100 * amount) for amount in range(1, 501)]
    answers = await post_all([((first, second)[n % 2], body) for n, body in enumerate(bodies)], shop.key)
    assert Counter(answer.status_code for answer in answers) == {201: 500}
    after = shop.member(member["id"])
    assert after["points"]["available"] == sum(range(1, 501))
    assert after["tier"]["code"] == "gold"
    balances = sorted(answer.json()["balance"]["available"] for answer in answers)
    assert len(set(balances)) == 500, "each answer tells the balance right after its own purchase"
    assert balances[-1] == sum(range(1, 501))
    assert (await verify(own_database)).found == 0


async def test_two_tills_enrolling_one_phone_number_at_once_make_one_member(own_shop: Shop, apis: list[str]) -> None:
    first, second = apis
    shop = own_shop
    for number in range(5):
        written = (f"030 12345{number}0", f"+49 30 12345{number}0")
        bodies = [{"identifiers": [{"kind": "phone", "value": written[index % 2]}]} for index in range(12)]
        pairs = [((first, second)[index % 2], body) for index, body in enumerate(bodies)]
        answers = await post_all(pairs, shop.key, "/v1/members")
        assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 11}
        assert len({answer.json()["id"] for answer in answers}) == 1


async def test_a_process_killed_between_commit_and_answer_is_answered_by_the_other(
    own_shop: Shop, apis: list[str], own_database: Database, own_database_url: str
) -> None:
    surviving = apis[0]
    shop = own_shop
    member = shop.enrol()
    body = make_purchase(member["card"], 1234)
    url, dying = start_dying(own_database_url)
    try:
        lost = await asyncio.gather(*(asyncio.to_thread(_try, url, body, shop.key) for _ in range(12)))
        assert lost == [None] * 12, "nobody was answered"
        assert dying.wait(30) == -signal.SIGKILL
    finally:
        dying.kill()
    answers = await post_all([(surviving, body)] * 24, shop.key)
    assert Counter(answer.status_code for answer in answers) == {200: 24}, "it was on disk before the kill"
    assert len({answer.content for answer in answers}) == 1
    assert shop.member(member["id"])["points"]["available"] == 12
    assert (await verify(own_database)).found == 0


def start_dying(database_url: str) -> tuple[str, subprocess.Popen]:
    """An API whose process is killed right after the first commit of a purchase, before any answer."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("dying_api.py")), str(port)],
        env={**os.environ, "LOYALTY_DATABASE_URL": database_url},
    )
    url = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            if httpx.get(f"{url}/health/ready", timeout=5).status_code == 200:
                return url, process
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the dying API did not start")


def _try(url: str, body: dict, key: str) -> int | None:
    try:
        return httpx.post(f"{url}/v1/purchases", json=body, headers=bearer(key), timeout=30).status_code
    except httpx.TransportError:
        return None


async def test_tills_on_two_processes_spend_a_budget_to_the_last_point_and_no_further(
    own_shop: Shop, apis: list[str], own_database: Database
) -> None:
    first, second = apis
    shop = own_shop
    shop.publish(earning_rules=[{"code": "gift", "flat": 7, "budget": {"points": 1000}}])
    shop.set_clock("2026-03-02T13:00:00Z")
    cards = [shop.enrol()["card"] for _ in range(40)]
    bodies = [make_purchase(cards[n % 40], occurred_at="2026-03-02T12:30:00Z") for n in range(400)]
    answers = await post_all([((first, second)[n % 2], body) for n, body in enumerate(bodies)], shop.key)
    assert Counter(answer.status_code for answer in answers) == {201: 400}
    points = [answer.json()["points"] for answer in answers]
    assert sum(each["earned"] for each in points) == 1000
    assert Counter(each["earned"] for each in points) == {7: 142, 6: 1, 0: 257}
    assert [each["earnings"][0].get("limited_by") for each in points if each["earned"] == 6] == ["budget"]
    assert (await verify(own_database)).found == 0


async def test_one_member_at_two_processes_stays_below_the_cap(
    own_shop: Shop, apis: list[str], own_database: Database
) -> None:
    first, second = apis
    shop = own_shop
    capped = {"code": "base", "per_spend": {"points": 1, "per_minor": 300}, "carry_over": True}
    shop.publish(earning_rules=[capped | {"caps": {"per_member": {"points": 50}}}])
    shop.set_clock("2026-03-02T13:00:00Z")
    member = shop.enrol()
    bodies = [make_purchase(member["card"], 200, occurred_at="2026-03-02T12:30:00Z") for _ in range(120)]
    answers = await post_all([((first, second)[n % 2], body) for n, body in enumerate(bodies)], shop.key)
    assert Counter(answer.json()["points"]["earned"] for answer in answers) == {1: 50, 0: 70}
    assert shop.member(member["id"])["points"]["available"] == 50
    assert (await verify(own_database)).found == 0
