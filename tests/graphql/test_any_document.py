"""Any document, valid or nearly so, over HTTP and over a WebSocket: answered, or told what is wrong and where."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from graphql import build_schema
from loyalty_api.graphql.problems import GRAPHQL_JSON
from tests.architecture.source import ROOT
from tests.make.documents import Asked, RandomDocuments
from tests.make.engagement import per_event
from tests.make.live import LivePhone
from tests.make.phone import Phone
from tests.make.program import BASE_RULE
from tests.make.reward import make_pool, make_reward
from tests.make.shop import Shop, bearer

DOCUMENTS = int(os.environ.get("DOCUMENTS", "200"))  # `DOCUMENTS=20000` tries many more, in some minutes
SEED = int(os.environ.get("SEED", "1"))
SCHEMA = build_schema((ROOT / "openapi" / "schema.graphql").read_text())
SECONDS_MAX = 10.0  # for one answer, on a slow and shared machine
KINDS = ("query", "query", "query", "mutation", "subscription")
OPENED = per_event(5, "app_open", code="opened", caps={"per_member": {"points": 1000, "days": 1}})


@pytest.fixture
def phone(make_shop: Callable[..., Shop]) -> Phone:
    """Of a member who has some of everything."""
    rewards = [
        make_reward("five-off", points=1),
        make_reward("voucher", points=2, money_off=None, coupon={"pool": "spring"}),
        make_reward("mug", points=10**6, money_off=None, custom={"note": "a mug"}, stock=3),
    ]
    engagement = {"phone_kinds": ["app_open"]}
    shop = make_shop(earning_rules=[BASE_RULE, OPENED], rewards=rewards, engagement=engagement)
    assert shop.call("POST", "/v1/coupons/pools", make_pool(generate=50, codes=None)).status_code == 201
    member = shop.enrol(profile={"given_name": "Ada"})
    for _ in range(30):
        shop.buy(member, 1000)
    shop.redeem(member, "five-off", complete=False)
    return Phone.of(shop, member)


@pytest.fixture
def known(phone: Phone) -> dict[str, list[Any]]:
    """What means something to this service, by the name of the argument."""
    page = "{ pageInfo { endCursor } }"
    asked = f"activity(first: 9) {page} rewards(first: 1) {page} setAside {{ redemptionId }} notices {{ id }}"
    found = phone.ask(f"{{ viewer {{ {asked} }} }}")["viewer"]
    cursors = [found[each]["pageInfo"]["endCursor"] for each in ("activity", "rewards")]
    return {
        "after": [None, None, None, *cursors],
        "within": ["P30D", "P0D", "P3660D"],
        "reward": ["five-off", "voucher", "mug", "nothing", "!"],
        "kind": ["app_open", "x", "marketing.email"],
        "redemptionId": [each["redemptionId"] for each in found["setAside"]] + ["0" * 32],
        "notices": [[each["id"] for each in found["notices"]], [], ["x"]],
    }


def test_any_document_is_answered_or_told_what_is_wrong_and_where(phone: Phone, known: dict[str, list[Any]]) -> None:
    with LivePhone.of(phone) as live:
        for number in range(DOCUMENTS):
            seed = SEED * 1_000_000 + number
            asked = RandomDocuments(SCHEMA, seed, known).draw(KINDS[number % len(KINDS)])
            before = time.monotonic()
            try:
                over_http(phone, asked, as_graphql=number % 2 == 0)
                over_socket(live, asked, str(number))
            except (AssertionError, ConnectionClosed) as wrong:
                raise AssertionError(f"seed {seed}: {asked}") from wrong
            assert time.monotonic() - before < SECONDS_MAX, f"seed {seed}: {asked}"


def over_http(phone: Phone, asked: Asked, *, as_graphql: bool) -> None:
    """Sends it with POST."""
    headers = bearer(phone.token) | ({"Accept": GRAPHQL_JSON.decode()} if as_graphql else {})
    answer = phone.http.post("/graphql", json=asked.body, headers=headers)
    assert answer.status_code < 500, answer.text
    assert "Traceback" not in answer.text
    body = answer.json()
    if "detail" in body:  # a problem
        assert body["code"] in ("graphql.beyond_limit", "graphql.wrong_method", "request.invalid"), body
        return
    assert body.get("data") is not None or body["errors"], body
    check_errors(body.get("errors", []), asked)


def over_socket(live: LivePhone, asked: Asked, name: str) -> None:
    """Sends it over the connection, which must bear it."""
    live.send({"type": "subscribe", "id": name, "payload": asked.body})
    if asked.kind == "subscription":
        live.send({"type": "complete", "id": name})
    live.send({"type": "ping"})
    waiting, ponged = asked.kind != "subscription", False
    while waiting or not ponged:
        told = live.hear()
        ponged |= told["type"] == "pong"
        waiting &= told["type"] not in ("complete", "error")
        if told["type"] == "next":
            check_errors(told["payload"].get("errors", []), asked)
        if told["type"] == "error":
            check_errors(told["payload"], asked)


def check_errors(errors: list[dict[str, Any]], asked: Asked) -> None:
    """Each says what is wrong and where; a valid document only meets limits, and cursors of another list."""
    for each in errors:
        code = each["extensions"]["code"]
        assert code != "service.failed", each
        assert each["message"], each
        if asked.valid:
            assert code in ("graphql.beyond_limit", "graphql.wrong_method") or _is_expected(each["message"]), each
        if code not in ("graphql.beyond_limit", "graphql.wrong_method", "PERSISTED_QUERY_NOT_FOUND"):
            assert each.get("path") or each.get("locations") or each["extensions"].get("errors"), each


def _is_expected(message: str) -> bool:
    return message == "after: is not a cursor that this service gave out" or "more than 2000 tokens" in message
