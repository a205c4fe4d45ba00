"""A purchase that is moved while it is moved, returned, voided, posted again or its members are merged: once, for
one."""

from __future__ import annotations

import asyncio
import json
from collections import Counter

import asyncpg
import httpx
from tests.ledger.tampering import verify_tampered
from tests.ledger.test_races import post_all
from tests.make.purchase import make_purchase
from tests.make.shop import PRESENT, Shop, bearer

from loyalty_api.domain.lifecycle.verify import verify
from loyalty_api.kernel.database import Database

ROUNDS = 6

Request = tuple[str, dict | None]


async def post_each(requests: list[Request], apis: list[str], key: str) -> list[httpx.Response]:
    """Posts all at once, by turns to either process."""
    async with httpx.AsyncClient(timeout=60, headers=bearer(key)) as client:
        calls = (client.post(apis[n % 2] + path, json=body) for n, (path, body) in enumerate(requests))
        return await asyncio.gather(*calls)


def moving(purchase: dict, to: dict) -> Request:
    return f"/v1/purchases/{purchase['id']}/move", {"member": {"id": to["id"]}}


async def test_the_same_move_many_times_at_once_is_one_move(
    own_shop: Shop, apis: list[str], own_database: Database
) -> None:
    for _ in range(ROUNDS):
        wrong, right = own_shop.enrol(), own_shop.enrol()
        bought = own_shop.buy(wrong, 1_000)
        answers = await post_each([moving(bought, right)] * 12, apis, own_shop.key)
        assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 11}
        assert len({answer.content for answer in answers}) == 1
        assert (own_shop.points(wrong), own_shop.points(right)) == ((0, 0), (10, 0))
    assert (await verify(own_database)).findings == []


async def test_moves_to_two_members_at_once_give_it_to_one_of_them(
    own_shop: Shop, apis: list[str], own_database: Database
) -> None:
    for _ in range(ROUNDS):
        wrong, *others = (own_shop.enrol() for _ in range(3))
        bought = own_shop.buy(wrong, 1_000)
        answers = await post_each([moving(bought, others[n // 2 % 2]) for n in range(8)], apis, own_shop.key)
        assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 3, 409: 4}
        assert sorted(own_shop.points(each)[0] for each in (wrong, *others)) == [0, 0, 10]
    assert (await verify(own_database)).findings == []


async def test_members_who_swap_purchases_at_once_never_wait_for_each_other(
    own_shop: Shop, apis: list[str], own_database: Database
) -> None:
    one, other = own_shop.enrol(), own_shop.enrol()
    requests = [moving(own_shop.buy(member, 100), to) for member, to in ((one, other), (other, one)) * 12]
    answers = await post_each(requests, apis, own_shop.key)
    assert {answer.status_code for answer in answers} == {201}
    assert (own_shop.points(one), own_shop.points(other)) == ((12, 0), (12, 0))
    assert (await verify(own_database)).findings == []


async def test_returned_voided_and_posted_again_while_it_moves_it_counts_once_in_all(
    own_shop: Shop, apis: list[str], own_database: Database
) -> None:
    for number in range(ROUNDS):
        wrong, right = own_shop.enrol(), own_shop.enrol()
        body = make_purchase(wrong["card"], 1_000)
        first = own_shop.post(body)
        bought = first.json()
        back = {"reference": f"B-{number}", "purchase": {"id": bought["id"]}, "occurred_at": PRESENT}
        other: Request = ("/v1/returns", back | {"amount_minor": 400})
        if number % 2:
            other = (f"/v1/purchases/{bought['id']}/void", None)
        requests: list[Request] = [moving(bought, right), other, ("/v1/purchases", body)] * 2
        answers = await post_each(requests, apis, own_shop.key)
        assert {answer.status_code for answer in answers} <= {200, 201, 409}
        assert [answer.content for answer in answers[2::3]] == [first.content] * 2
        for answer in answers:
            if answer.status_code == 409:
                assert answer.json()["code"] in ("purchase.voided", "purchase.has_returns"), answer.text
        assert sorted((own_shop.points(wrong)[0], own_shop.points(right)[0])) == [0, 0 if number % 2 else 6]
    assert (await verify(own_database)).findings == []


async def test_moves_between_members_who_are_merged_meanwhile_lose_nothing(
    own_shop: Shop, apis: list[str], own_database: Database
) -> None:
    for _ in range(ROUNDS):
        wrong, right, survivor = (own_shop.enrol() for _ in range(3))
        requests = [moving(own_shop.buy(wrong, 100), right) for _ in range(6)]
        requests += [(f"/v1/members/{each['id']}/merge", {"into": survivor["id"]}) for each in (right, wrong)]
        answers = await post_each(requests, apis, own_shop.key)
        codes = {answer.json().get("code") for answer in answers}
        assert codes <= {None, "purchase.same_member"}, codes
        assert own_shop.points(survivor) == (6, 0)
    assert (await verify(own_database)).findings == []


async def test_a_busy_till_goes_on_while_its_purchases_are_moved(
    own_shop: Shop, apis: list[str], own_database: Database
) -> None:
    wrong, right = own_shop.enrol(), own_shop.enrol()
    old = [own_shop.buy(wrong, 100) for _ in range(20)]
    selling = [(apis[n % 2], make_purchase((wrong, right)[n % 2]["card"], 100)) for n in range(100)]
    sold, moved = await asyncio.gather(
        post_all(selling, own_shop.key), post_each([moving(each, right) for each in old], apis, own_shop.key)
    )
    assert {answer.status_code for answer in (*sold, *moved)} == {201}
    assert (own_shop.points(wrong), own_shop.points(right)) == ((50, 0), (70, 0))
    again = await post_all(selling, own_shop.key)
    assert [json.loads(answer.content) for answer in again] == [json.loads(answer.content) for answer in sold]
    assert (await verify(own_database)).findings == []


async def test_a_moved_purchase_without_its_void_or_its_reference_is_found(
    own_shop: Shop, apis: list[str], own_database: Database, own_database_url: str
) -> None:
    wrong, right = own_shop.enrol(), own_shop.enrol()
    bought = own_shop.buy(wrong, 1_000)
    moved = (await post_each([moving(bought, right)], apis, own_shop.key))[0].json()
    tamperings = {
        "UPDATE returns SET kind = 'return' WHERE purchase_id = $1": bought["id"],
        "UPDATE reference_claims SET moved_from = NULL WHERE record_id = $1": moved["id"],
        "UPDATE reference_claims SET record_id = member_id WHERE record_id = $1": moved["id"],
    }
    superuser = await asyncpg.connect(own_database_url)
    try:
        for statement, record_id in tamperings.items():
            report = await verify_tampered(superuser, statement, record_id)
            assert "reference" in {finding.law for finding in report.findings}, statement
    finally:
        await superuser.close()
    assert (await verify(own_database)).findings == []
