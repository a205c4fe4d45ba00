"""What client libraries rely on: refusals that they can read, ids by which their caches know a thing again, and the
member as they are once something was done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.make.engagement import per_event
from tests.make.live import LivePhone
from tests.make.phone import Phone
from tests.make.program import BASE_RULE
from tests.make.reward import make_reward
from tests.make.shop import Shop, bearer

GRAPHQL = "application/graphql-response+json"
ACCEPT = {"Accept": f"{GRAPHQL}, application/json;q=0.9"}  # as Apollo and urql send it
OPENED = per_event(5, "app_open", code="opened", caps={"per_member": {"points": 10, "days": 1}})
MANY = "{ viewer { " + " ".join(f"a{number}: number" for number in range(31)) + " } }"
IDS = "{ viewer { id points { id } tier { id } profile { id } rewards { edges { node { id } } } } }"


@pytest.fixture
def shop(make_shop: Callable[..., Shop]) -> Shop:
    """Rewards, and points for opening the app."""
    rules, rewards = [BASE_RULE, OPENED], [make_reward(points=20), make_reward("mug", points=5000)]
    return make_shop(earning_rules=rules, rewards=rewards, engagement={"phone_kinds": ["app_open"]})


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The error of a response of GraphQL that has no data."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, GRAPHQL), answer.text
    assert set(answer.json()) == {"errors"}
    (error,) = answer.json()["errors"]
    assert error["message"]
    assert error["extensions"]["code"] == code
    return error


def test_who_reads_graphqls_own_content_type_is_refused_in_it(shop: Shop) -> None:
    phone = Phone.of(shop, shop.enrol())
    assert "aliases" in refused(phone.send(MANY, headers=ACCEPT), 422, "graphql.beyond_limit")["message"]
    missing = refused(phone.send(None, headers=ACCEPT), 422, "request.invalid")
    assert missing["extensions"]["errors"] == [{"field": "query", "message": "is missing"}]
    refused(phone.send("x" * 200_000, headers=ACCEPT), 413, "graphql.too_large")
    form = phone.http.post("/graphql", data={"query": MANY}, headers=bearer(phone.token) | ACCEPT)
    refused(form, 415, "graphql.unsupported_content")
    stranger = phone.http.post("/graphql", json={"query": MANY}, headers=bearer("nobody") | ACCEPT)
    refused(stranger, 401, "access.token_refused")
    assert stranger.headers["www-authenticate"] == "Bearer"


def test_a_request_of_which_nothing_was_run_has_no_data(shop: Shop) -> None:
    phone = Phone.of(shop, shop.enrol())
    text = "query ($n: Int!) { viewer { activity(first: $n) { edges { cursor } } } }"
    for wrong in ({"n": "x"}, {}, {"n": None}):
        refused(phone.send(text, variables=wrong, headers=ACCEPT), 400, "graphql.invalid")
    refused(phone.send("{ viewer { nothing } }", headers=ACCEPT), 400, "graphql.invalid")
    begun = phone.send(text, variables={"n": 101}, headers=ACCEPT)
    assert (begun.status_code, begun.json()["data"]) == (200, None)
    assert begun.json()["errors"][0]["path"] == ["viewer", "activity"]


def test_the_same_thing_has_the_same_id_in_every_answer_and_nothing_else_has_it(shop: Shop) -> None:
    member = shop.enrol()
    phone = Phone.of(shop, member)
    before = ids_of(phone)
    with LivePhone.of(phone) as live:
        points = live.told(live.subscribe("subscription { pointsChanged { id } }"))["id"]
        tier = live.told(live.subscribe("subscription { tierChanged { id } }"))["id"]
    shop.buy(member, 60_000)
    assert ids_of(phone) == before
    assert {points, tier} < before
    assert not before & ids_of(Phone.of(shop, shop.enrol()))


def ids_of(phone: Phone) -> set[str]:
    """The ids of a member's things; all differ."""
    viewer = phone.ask(IDS)["viewer"]
    found = [viewer["id"], *(viewer[each]["id"] for each in ("points", "tier", "profile"))]
    found += [edge["node"]["id"] for edge in viewer["rewards"]["edges"]]
    assert len(set(found)) == len(found) == 6
    return set(found)


@pytest.mark.parametrize(
    ("mutation", "asked", "expected"),
    [
        (
            'redeemReward(id: $id, reward: "five-off") { ... on Redeemed',
            "points { available reserved } setAside { reward }",
            {"points": {"available": 80, "reserved": 20}, "setAside": [{"reward": "five-off"}]},
        ),
        (
            'recordEngagement(id: $id, kind: "app_open") { ... on EngagementRecorded',
            "points { available } activity(first: 1) { edges { node { change } } }",
            {"points": {"available": 105}, "activity": {"edges": [{"node": {"change": 5}}]}},
        ),
        (
            'updateProfile(id: $id, changes: {givenName: "Eve"}) { ... on ProfileUpdated',
            "profile { givenName }",
            {"profile": {"givenName": "Eve"}},
        ),
        ("acknowledgeAdvice(id: $id, notices: []) { ... on Acknowledged", "setAside { reward }", {"setAside": []}),
    ],
)
def test_what_was_done_is_answered_with_the_member_as_they_are_then(
    shop: Shop, mutation: str, asked: str, expected: dict[str, Any]
) -> None:
    member = shop.enrol()
    shop.buy(member, 10_000)
    done = Phone.of(shop, member).ask(
        f"mutation ($id: UUID!) {{ {mutation} {{ viewer {{ {asked} }} }} }} }}", id=str(uuid4())
    )
    assert next(iter(done.values()))["viewer"] == expected


def test_what_fails_in_one_place_does_not_harm_what_is_asked_in_another(shop: Shop) -> None:
    """Both ask for the points, which are read once for both; whoever reads them first is called off."""
    phone = Phone.of(shop, shop.enrol())
    wrong = "activity(first: 0) { edges { cursor } } points { available }"
    text = f"{{ a: viewer {{ {wrong} }} b: viewer {{ points {{ available }} }} }}"
    (error,) = phone.errors(text)
    assert (error["path"], error["extensions"]["code"]) == (["a", "activity"], "request.invalid")
