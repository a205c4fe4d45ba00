"""GET /v1/events: what the relay gave its place, as CloudEvents."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from loyalty_api.domain.feed.events import KINDS
from loyalty_api.kernel.database import Database
from loyalty_api.worker.projector import Projector
from loyalty_api.worker.relay import Relay
from tests.architecture.source import ROOT
from tests.make.insight import points_of
from tests.make.problem import problem
from tests.make.reward import make_pool, make_redemption, make_reward
from tests.make.shop import PRESENT, Shop

SECRETS = ("Ada", "Lovelace", "ada@example.org", "+4930123456", "a person's words", "DOUBLE1", "AAA")
PROFILE = {"given_name": "Ada", "family_name": "Lovelace", "email": "ada@example.org", "phone": "+4930123456"}


async def pull(database: Database, shop: Shop, **query: Any) -> list[dict[str, Any]]:
    """All of the program's events, page by page."""
    await Relay(database).round()
    items: list[dict[str, Any]] = []
    cursor = query.pop("after", None)
    while True:
        answer = shop.call("GET", "/v1/events", params=query | ({"after": cursor} if cursor else {}))
        assert answer.status_code == 200, answer.text
        page = answer.json()
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return items


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [each["type"].removeprefix("loyalty.").removesuffix(".v1") for each in events]


def ok(shop: Shop, method: str, path: str, body: Any = None) -> dict[str, Any]:
    answer = shop.call(method, path, body)
    assert answer.status_code < 300, answer.text
    return answer.json() if answer.content else {}


async def test_a_purchase_that_lifts_a_tier_is_three_events_with_one_cause(shop: Shop, database: Database) -> None:
    member = shop.enrol()
    bought = shop.buy(member, 60_000, employee="e-9")
    enrolled, purchase, earned, tier = await pull(database, shop)
    assert kinds([enrolled, purchase, earned, tier]) == [
        *("member.enrolled", "purchase.recorded", "points.earned", "tier.changed"),
    ]
    assert purchase["data"] == {
        "member_id": member["id"],
        "purchase_id": bought["id"],
        "amount_minor": 60_000,
        "base_minor": 60_000,
        "currency": "EUR",
        "lines": [
            {
                "amount_minor": 60_000,
                "line": None,
                "sku": "ESP-250",
                "category": "coffee",
                "labels": [],
                "kind": "product",
                "quantity": 1,
                "tax_minor": 0,
            }
        ],
        "version": 1,
        "store": "1",
        "employee": "e-9",
        "channel": None,
    }
    assert earned["data"]["points"] == 600
    assert [each["rule"] for each in earned["data"]["earnings"]] == ["base"]
    assert (tier["data"]["from"], tier["data"]["to"], tier["data"]["qualifying_value"]) == ("bronze", "silver", 60_000)
    assert [each.get("causationid") for each in (enrolled, purchase, earned, tier)] == [
        *(None, None, purchase["id"], purchase["id"]),
    ]
    assert (purchase["time"], purchase["recordedtime"]) == ("2026-03-02T10:00:00Z", PRESENT)
    assert {each["subject"] for each in (enrolled, purchase, earned, tier)} == {member["id"]}


async def test_a_purchase_of_which_only_the_total_is_known_is_told_without_lines_and_counted(
    shop: Shop, database: Database
) -> None:
    shop.buy(shop.enrol(), 1234, lines=None)
    _, purchase, earned = await pull(database, shop)
    assert (purchase["data"]["lines"], purchase["data"]["amount_minor"]) == ([], 1234)
    assert earned["data"]["points"] == 12
    await Projector(database).round()
    assert [each["value"] for each in points_of(shop, "sales", from_="2026-03-01", to="2026-03-31")] == [1234]


async def test_what_waits_for_the_relay_is_not_told_and_comes_behind_what_was_read(
    shop: Shop, database: Database
) -> None:
    shop.enrol()
    assert shop.call("GET", "/v1/events").json()["items"] == []
    await Relay(database).round()
    page = shop.call("GET", "/v1/events").json()
    assert (kinds(page["items"]), page["next_cursor"]) == (["member.enrolled"], None)
    shop.buy(shop.enrol())
    behind = await pull(database, shop, after=page["after"])
    assert kinds(behind) == ["member.enrolled", "purchase.recorded", "points.earned"]
    for limit in (1, 2, 200):
        assert await pull(database, shop, limit=limit) == page["items"] + behind


async def test_some_types_only(shop: Shop, database: Database) -> None:
    member = shop.enrol()
    for _ in range(3):
        shop.buy(member, 1_000)
        shop.buy(member, 50)  # earns nothing
        shop.engage(member)
    for limit in (1, 2, 3, 200):
        some = await pull(database, shop, types="loyalty.points.earned.v1", limit=limit)
        assert kinds(some) == ["points.earned"] * 3
    both = await pull(database, shop, types="loyalty.member.enrolled.v1,loyalty.engagement.recorded.v1")
    assert kinds(both) == ["member.enrolled", *["engagement.recorded"] * 3]


async def test_a_program_reads_its_own_events_only(make_shop: Callable[..., Shop], database: Database) -> None:
    one, other = make_shop(), make_shop()
    mine, theirs = one.enrol(), other.enrol()
    assert [each["subject"] for each in await pull(database, one)] == [mine["id"]]
    assert [each["subject"] for each in await pull(database, other)] == [theirs["id"]]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("after=x", "after"),
        ("after=", "after"),
        ("after=LTEuMA==", "after"),  # -1.0
        ("after=OTk5OTk5OTk5OTk5OTk5OTk5OTk5OS4w", "after"),  # beyond any position
        ("after=%F0%9F%98%80", "after"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("types=", "types"),
        ("types=loyalty.purchase.recorded.v2", "types"),
        ("types=loyalty.points.earned.v1,", "types"),
        ("cursor=MS4w", "cursor"),
    ],
)
def test_what_is_no_place_no_number_and_no_type_is_refused(shop: Shop, query: str, field: str) -> None:
    problem(shop.call("GET", f"/v1/events?{query}"), 422, "request.invalid", field)


async def test_every_kind_of_event_fits_its_schema_and_names_nobody(
    make_shop: Callable[..., Shop], database: Database
) -> None:
    shop = make_shop(
        points={"expiry": {"days": 30}, "pending": {"days": 1}},
        rewards=[
            make_reward("one", points=1, stock=10),
            make_reward("code", points=1, money_off=None, coupon={"pool": "spring"}),
        ],
    )
    live_every_kind(shop)
    events = await pull(database, shop, limit=7)
    assert set(kinds(events)) == set(KINDS)
    assert len({each["id"] for each in events}) == len(events)
    for event in events:
        schema = json.loads((ROOT / "openapi" / "events" / f"{event['type']}.json").read_text())
        jsonschema.Draft202012Validator(schema).validate(event)
    told = json.dumps(events)
    assert [secret for secret in SECRETS if secret in told] == []
    assert events == await pull(database, shop)  # the same ids when they are read again


def live_every_kind(shop: Shop) -> None:
    """A program in which everything happens once at least."""
    ok(shop, "POST", "/v1/coupons/pools", make_pool())
    ok(shop, "POST", "/v1/coupons/pools", make_pool("double", codes=["DOUBLE-1"], effect={"multiplier": 2}))
    ada, bob = shop.enrol(profile=PROFILE), shop.enrol()
    bought = shop.buy(ada, 60_000, coupons=["DOUBLE-1", "AAA"])
    shop.engage(ada, data={"text": "a person's words"})
    voided = shop.buy(bob, 700)
    ok(shop, "POST", f"/v1/purchases/{voided['id']}/void", {"reference": "void-1"})
    wrong = shop.buy(bob, 300)
    ok(shop, "POST", f"/v1/purchases/{wrong['id']}/move", {"member": {"id": ada["id"]}})
    opening = {"reference": "o", "member": {"id": bob["id"]}, "points": 50, "earned_at": "2026-02-27T12:00:00Z"}
    ok(shop, "POST", "/v1/openings/batch", [opening])
    shop.set_clock("2026-03-04T12:00:00Z")
    back = {"reference": "b", "purchase": {"id": bought["id"]}, "occurred_at": PRESENT, "amount_minor": 100}
    ok(shop, "POST", "/v1/returns", back)
    for _ in range(9):
        shop.redeem(ada, "one")
    held = ok(shop, "POST", "/v1/redemptions", make_redemption(ada["card"], "one", complete=False))
    ok(shop, "POST", f"/v1/redemptions/{held['id']}/cancel")
    shop.redeem(ada, "code")
    adjustments = f"/v1/members/{ada['id']}/points/adjustments"
    given = ok(shop, "POST", adjustments, {"reference": "a", "points": 5, "reason": "a person's words"})
    ok(shop, "POST", f"/v1/adjustments/{given['id']}/reverse", {"reason": "a person's words"})
    moved = {"reference": "m", "to": bob["id"], "points": 5, "reason": "a person's words"}
    ok(shop, "POST", f"/v1/members/{ada['id']}/points/move", moved)
    merged = ok(shop, "POST", f"/v1/members/{bob['id']}/merge", {"into": ada["id"]})
    ok(shop, "POST", f"/v1/merges/{merged['id']}/undo")
    shop.set_clock("2026-05-10T12:00:00Z")
    for verb in ("suspend", "resume", "close", "erase"):
        body = {"reason": "a person's words"} if verb in ("suspend", "close") else {}
        ok(shop, "POST", f"/v1/members/{ada['id']}/{verb}", body)
