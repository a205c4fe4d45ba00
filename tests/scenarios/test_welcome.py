"""The welcome: who enrols has the points for it in the very answer, once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from loyalty_api.domain.lifecycle.verify import verify
from loyalty_api.kernel.database import Database
from tests.make.engagement import per_event
from tests.make.program import BASE_RULE
from tests.make.shop import Shop

MakeShop = Callable[..., Shop]
WELCOME = per_event(100, "enrolled", code="welcome")


def enrol(shop: Shop, card: str, **options: Any) -> Any:
    return shop.call("POST", "/v1/members", {"identifiers": [{"kind": "card", "value": card}]}, **options)


async def test_the_answer_to_an_enrolment_has_the_welcome_in_its_balance(
    make_shop: MakeShop, database: Database
) -> None:
    shop = make_shop(earning_rules=[BASE_RULE, WELCOME])
    answer = enrol(shop, "w-1")
    assert answer.status_code == 201
    member = answer.json()
    assert member["points"] == {"available": 100, "pending": 0, "reserved": 0}
    history = shop.call("GET", f"/v1/members/{member['id']}/points/history").json()["items"]
    assert [each["reason"] for each in history] == ["Event enrolled: 100 points for enrolled"]
    events = shop.call("GET", f"/v1/engagement?member={member['id']}").json()["items"]
    assert [(each["kind"], each["reference"], each["data"]) for each in events] == [("enrolled", None, {})]
    assert (await verify(database)).found == 0


def test_a_known_card_is_answered_with_the_member_untouched_and_no_second_welcome(make_shop: MakeShop) -> None:
    shop = make_shop(earning_rules=[WELCOME])
    first = enrol(shop, "w-1").json()
    again = enrol(shop, "w-1")
    assert (again.status_code, again.json()) == (200, first)


def test_under_an_idempotency_key_there_is_one_member_and_one_welcome(make_shop: MakeShop) -> None:
    shop = make_shop(earning_rules=[WELCOME])
    answers = [shop.call("POST", "/v1/members", {}, headers={"Idempotency-Key": "k-1"}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert [answer.json()["points"]["available"] for answer in answers] == [100, 100, 100]
    assert len({answer.json()["id"] for answer in answers}) == 1


def test_without_a_rule_that_works_an_enrolment_leaves_no_event(make_shop: MakeShop) -> None:
    for rules in ([BASE_RULE], [WELCOME | {"state": "ended"}], [per_event(5)]):
        shop = make_shop(earning_rules=rules)
        assert enrol(shop, "w-1").json()["points"]["available"] == 0
        assert shop.call("GET", "/v1/engagement").json()["items"] == []


def test_a_dry_welcome_is_only_told(make_shop: MakeShop) -> None:
    shop = make_shop(earning_rules=[WELCOME | {"state": "dry_run"}])
    assert enrol(shop, "w-1").json()["points"]["available"] == 0
    assert shop.call("GET", "/v1/program/dry-runs").json()["items"] == [
        {"rule": "welcome", "purchases": 0, "events": 1, "points": 100}
    ]


def test_an_enrolment_of_the_past_is_welcomed_by_the_version_of_its_own_time(make_shop: MakeShop) -> None:
    shop = make_shop(earning_rules=[WELCOME])
    shop.publish("2026-03-10T00:00:00Z", earning_rules=[per_event(7, "enrolled", code="welcome")])
    shop.set_clock("2026-03-12T00:00:00Z")
    said = {"2026-03-09T12:00:00Z": 100, "2026-03-10T00:00:00Z": 7, "1900-01-01T00:00:00Z": 100}
    for enrolled_at, points in said.items():
        assert shop.enrol(enrolled_at=enrolled_at)["points"]["available"] == points


def test_conditions_budgets_and_lives_hold_for_the_welcome_too(make_shop: MakeShop) -> None:
    gift = per_event(60, "enrolled", code="gift", budget={"points": 100})
    vegan = per_event(5, "enrolled", code="vegan", when='member.attributes.diet == "vegan"', pending={"days": 2})
    shop = make_shop(earning_rules=[gift, vegan])
    points = [shop.enrol(attributes={"diet": diet}, enrolled_at=None)["points"] for diet in ("vegan", "any", "vegan")]
    assert [(each["available"], each["pending"]) for each in points] == [(60, 5), (40, 0), (0, 5)]


def test_a_welcome_that_counts_may_lift_the_tier_at_once(make_shop: MakeShop) -> None:
    levels = [{"code": "bronze", "from": 0}, {"code": "silver", "from": 100}]
    shop = make_shop(tiers={"levels": levels, "measure": "points_earned"}, earning_rules=[WELCOME])
    member = enrol(shop, "w-1").json()
    keeps = {"until": "2027-03-01", "missing": 100}
    assert member["tier"] == {"code": "silver", "since": "2026-03-02T12:00:00Z", "next": None, "keeps": keeps}
