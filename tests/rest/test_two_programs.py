"""Two programs with the same cards, references and codes: neither ever sees the other, whatever is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from loyalty_api.domain.access.table import ADMITTED
from tests.make.engagement import make_engagement
from tests.make.problem import problem
from tests.make.purchase import AT, make_purchase
from tests.make.reward import make_pool, make_redemption, make_reward
from tests.make.shop import LONG_AGO, Shop

IDENTIFIERS = [
    {"kind": "card", "value": "4006381333931"},
    {"kind": "phone", "value": "+4930123456"},
    {"kind": "email", "value": "ada@example.org"},
    {"kind": "external_id", "value": "crm-1"},
    {"kind": "app_token", "value": "token-1"},
    {"kind": "number", "value": "100200300"},
]
ENROLMENT = {"identifiers": IDENTIFIERS, "profile": {"given_name": "Ada"}, "enrolled_at": LONG_AGO, "store": "1"}
EVENT = make_engagement("card:4006381333931", reference="E-1", source="reviews")
REDEMPTION = make_redemption("card:4006381333931", "one", reference="V-1", source="till-1")
PURCHASE = make_purchase("card:4006381333931", 1000, reference="R-1", source="till-1")

RETURN = {
    "reference": "B-1",
    "purchase": {"source": "till-1", "reference": "R-1"},
    "occurred_at": AT,
    "amount_minor": 1,
}


class Twin:
    """One of the two programs, with its member and its purchase."""

    def __init__(self, shop: Shop, points: int) -> None:
        self.shop = shop
        self.member = shop.call("POST", "/v1/members", ENROLMENT).json()
        recorded = shop.post(PURCHASE)
        assert recorded.status_code == 201, recorded.text
        self.purchase = recorded.json()
        self.event = shop.call("POST", "/v1/engagement", EVENT).json()
        shop.call("POST", "/v1/coupons/pools", make_pool())
        redeemed = shop.call("POST", "/v1/redemptions", REDEMPTION)
        assert redeemed.status_code == 201, redeemed.text
        self.redemption = redeemed.json()
        self.key = shop.issue_key("till", name="till 1")
        assert self.purchase["points"]["earned"] == points


@pytest.fixture
def twins(make_shop: Callable[..., Shop]) -> tuple[Twin, Twin]:
    """The same document but for what a euro earns (and the code, which is the operator's to give)."""
    rules = [[{"code": "base", "per_spend": {"points": points, "per_minor": 100}}] for points in (1, 7)]
    rewards = [make_reward("one", points=1)]
    one, other = (make_shop(earning_rules=each, rewards=rewards) for each in rules)
    return Twin(one, 10), Twin(other, 70)


def test_the_same_card_is_another_member_and_the_same_reference_another_purchase(twins: tuple[Twin, Twin]) -> None:
    one, other = twins
    assert one.member["id"] != other.member["id"]
    assert one.member["number"] == other.member["number"] == "100200300"
    assert one.purchase["id"] != other.purchase["id"]
    for twin, points in ((one, 10), (other, 70)):
        again = twin.shop.post(PURCHASE)
        assert (again.status_code, again.json()) == (200, twin.purchase)
        assert twin.shop.member(twin.member["id"])["points"]["available"] == points - 1


def test_the_same_event_of_the_same_card_is_another_event(twins: tuple[Twin, Twin]) -> None:
    one, other = twins
    assert one.event["id"] != other.event["id"]
    for twin, stranger in ((one, other), (other, one)):
        again = twin.shop.call("POST", "/v1/engagement", EVENT)
        assert (again.status_code, again.json()) == (200, twin.event)
        listed = twin.shop.call("GET", "/v1/engagement").json()["items"]
        assert [each["id"] for each in listed] == [twin.event["id"]]
        assert twin.shop.call("GET", f"/v1/engagement?member={stranger.member['id']}").json()["items"] == []
        fresh = EVENT | {"reference": "E-2", "member": {"id": stranger.member["id"]}}
        problem(twin.shop.call("POST", "/v1/engagement", fresh), 404, "member.not_found")


def test_the_same_code_and_the_same_reference_of_a_redemption_are_ones_own(twins: tuple[Twin, Twin]) -> None:
    one, other = twins
    assert one.redemption["id"] != other.redemption["id"]
    for twin in twins:
        again = twin.shop.call("POST", "/v1/redemptions", REDEMPTION)
        assert (again.status_code, again.json()) == (200, twin.redemption)
        listed = twin.shop.call("GET", "/v1/redemptions").json()["items"]
        assert [each["id"] for each in listed] == [twin.redemption["id"]]
        body = {"reference": "C-1", "member": {"id": twin.member["id"]}}
        used = twin.shop.call("POST", "/v1/coupons/AAA/redeem", body)
        assert (used.status_code, used.json()["member"]) == (201, twin.member["id"])
        assert twin.shop.call("GET", "/v1/coupons/pools/spring").json()["left"] == 2
    stolen = make_purchase("card:4006381333931", 1000, redemptions=[one.redemption["id"]])
    problem(other.shop.post(stolen), 422, "purchase.unknown_redemption", "redemptions[0]")


def test_every_search_finds_ones_own_member_only(twins: tuple[Twin, Twin]) -> None:
    for twin in twins:
        for each in IDENTIFIERS:
            body = {"identifier": f"{each['kind']}:{each['value']}"}
            found = twin.shop.call("POST", "/v1/members/search", body).json()["items"]
            assert [member["id"] for member in found] == [twin.member["id"]]
        for text in ("ada", "4006", "100200", "+4930", "crm", "token"):
            found = twin.shop.call("POST", "/v1/members/search", {"query": text}).json()["items"]
            assert [member["id"] for member in found] == [twin.member["id"]], text


def test_every_list_shows_ones_own_only(twins: tuple[Twin, Twin]) -> None:
    one, other = twins
    for twin, stranger in ((one, other), (other, one)):
        listed = twin.shop.call("GET", "/v1/purchases?reference=R-1&source=till-1").json()["items"]
        assert [each["id"] for each in listed] == [twin.purchase["id"]]
        assert twin.shop.call("GET", f"/v1/purchases?member={stranger.member['id']}").json()["items"] == []
        assert stranger.key["id"] not in twin.shop.call("GET", "/v1/api-keys").text
        assert twin.key["id"] in twin.shop.call("GET", "/v1/api-keys").text
        cursor = stranger.shop.call("GET", "/v1/purchases?limit=1").json()["next_cursor"]
        assert cursor is None


def test_every_call_with_an_id_of_the_other_program_answers_404_and_changes_nothing(twins: tuple[Twin, Twin]) -> None:
    one, other = twins
    identifier = one.member["identifiers"][0]["id"]
    bodies: dict[str, Any] = {
        "PATCH /v1/members/{member_id}": {"profile": {"given_name": "Eve"}},
        "POST /v1/members/{member_id}/identifiers": {"kind": "card", "value": "eve"},
        "POST /v1/members/{member_id}/suspend": {"reason": "eve"},
        "POST /v1/members/{member_id}/resume": {},
        "POST /v1/members/{member_id}/close": {"reason": "eve"},
        "POST /v1/members/{member_id}/points/adjustments": {"reference": "e", "points": 5, "reason": "eve"},
        "POST /v1/members/{member_id}/points/move": {
            "reference": "e",
            "to": other.member["id"],
            "points": 1,
            "reason": "eve",
        },
        "POST /v1/members/{member_id}/merge": {"into": other.member["id"]},
        "POST /v1/purchases/{purchase_id}/move": {"member": {"id": other.member["id"]}},
        "POST /v1/adjustments/{adjustment_id}/reject": {"reason": "eve"},
        "POST /v1/adjustments/{adjustment_id}/reverse": {"reason": "eve"},
        "PATCH /v1/webhooks/{webhook_id}": {"state": "off"},
        "POST /v1/webhooks/{webhook_id}/secret": {},
        "POST /v1/webhooks/{webhook_id}/replay": {"from": AT, "until": "2026-03-03T12:00:00Z"},
    }
    ids = {"member_id": one.member["id"], "purchase_id": one.purchase["id"], "key_id": one.key["id"]}
    returned = one.shop.call("POST", "/v1/returns", RETURN).json()
    assert returned["purchase"] == one.purchase["id"]
    ids |= {"engagement_id": one.event["id"], "return_id": returned["id"], "redemption_id": one.redemption["id"]}
    given = one.shop.call(
        "POST",
        f"/v1/members/{one.member['id']}/points/adjustments",
        {"reference": "a", "points": 5, "reason": "ours"},
    )
    ids["adjustment_id"] = given.json()["id"]
    twin = one.shop.enrol()
    merged = one.shop.call("POST", f"/v1/members/{twin['id']}/merge", {"into": one.member["id"]}).json()
    ids["merge_id"] = merged["id"]
    webhook = one.shop.call("POST", "/v1/webhooks", {"url": "https://example.org/"}).json()
    ids |= {"webhook_id": webhook["id"], "delivery_id": webhook["id"]}
    before = one.shop.member(one.member["id"])
    tried = 0
    for route in sorted(ADMITTED):
        if "_id}" not in route:
            continue
        method, path = route.split(" ")
        address = path.format(**ids, identifier_id=identifier)
        answer = other.shop.call(method, address, bodies.get(route))
        assert answer.status_code == 404, f"{route}: {answer.text}"
        assert "Ada" not in answer.text
        tried += 1
    assert tried >= 8
    assert one.shop.member(one.member["id"]) == before
    assert one.shop.call("GET", f"/v1/webhooks/{webhook['id']}").json()["state"] == "on"
    assert one.shop.call("GET", "/v1/purchases", key=one.key["key"]).status_code == 200


def test_a_purchase_by_the_id_of_the_other_programs_member_is_refused(twins: tuple[Twin, Twin]) -> None:
    one, other = twins
    fresh = PURCHASE | {"reference": "R-2", "member": {"id": one.member["id"]}}
    problem(other.shop.post(fresh), 404, "member.not_found")
    batch = other.shop.call("POST", "/v1/purchases/batch", [fresh, fresh | {"reference": "R-3"}]).json()["results"]
    assert [each["problem"]["code"] for each in batch] == ["member.not_found"] * 2
    problem(other.shop.post(PURCHASE | {"member": {"id": one.member["id"]}}), 409, "purchase.reference_reused")
    assert one.shop.member(one.member["id"])["points"]["available"] == 9


def test_blocking_adding_and_publishing_here_changes_nothing_there(twins: tuple[Twin, Twin]) -> None:
    one, other = twins
    card = one.member["identifiers"][0]
    path = f"/v1/members/{one.member['id']}/identifiers"
    assert one.shop.call("DELETE", f"{path}/{card['id']}").status_code == 204
    assert one.shop.call("POST", path, {"kind": "card", "value": "new"}).status_code == 201
    one.shop.publish(earning_rules=[])
    one.shop.set_clock("2026-06-01T00:00:00Z")
    assert one.shop.call("DELETE", f"/v1/api-keys/{one.key['id']}").status_code == 204
    assert other.shop.post(PURCHASE | {"reference": "R-9"}).json()["points"]["earned"] == 70
    assert other.shop.call("POST", "/v1/members/search", {"identifier": "card:new"}).json()["items"] == []
    assert other.shop.call("GET", "/v1/program").json()["version"] == 1
    assert other.shop.call("GET", "/v1/test-clock").json()["now"] == "2026-03-02T12:00:00Z"
    assert other.shop.call("GET", "/v1/purchases", key=other.key["key"]).status_code == 200


def test_an_idempotency_key_of_one_program_means_nothing_in_the_other(twins: tuple[Twin, Twin]) -> None:
    one, other = twins
    members = [
        twin.shop.call("POST", "/v1/members", {}, headers={"Idempotency-Key": "same"}).json()["id"]
        for twin in (one, other, one, other)
    ]
    assert members[0] == members[2]
    assert members[1] == members[3]
    assert members[0] != members[1]
