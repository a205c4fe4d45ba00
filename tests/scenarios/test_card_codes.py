"""The code on a phone: whom it means, for how long, on which receipts, and that nobody else can make one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.make.engagement import make_engagement
from tests.make.phone import Phone
from tests.make.problem import problem
from tests.make.purchase import make_purchase
from tests.make.reward import make_redemption, make_reward
from tests.make.shop import PRESENT, Shop

# A shop's clock stands at 12:00:00, where every code below is made.
LAST_GOOD = "2026-03-02T12:01:59Z"
OVER = "2026-03-02T12:02:00Z"


@pytest.fixture
def shop(make_shop: Callable[..., Shop]) -> Shop:
    """A reward for one point."""
    return make_shop(rewards=[make_reward("sweet", points=1)])


@pytest.fixture
def member(shop: Shop) -> dict[str, Any]:
    """Somebody with points."""
    member = shop.enrol()
    shop.buy(member, 5000)
    return member


def everywhere(shop: Shop, code: str, occurred_at: str) -> list[httpx.Response]:
    """What a till is answered wherever it may present a code."""
    purchase = make_purchase(code, 1000, occurred_at=occurred_at)
    quote = {name: value for name, value in purchase.items() if name != "reference"}
    return [
        shop.call("POST", "/v1/members/search", {"identifier": code}),
        shop.call("POST", "/v1/quotes", quote),
        shop.post(purchase),
        shop.call("POST", "/v1/redemptions", make_redemption(code, "sweet")),
        shop.call("POST", "/v1/engagement", make_engagement(code, "review.written", occurred_at=occurred_at)),
    ]


def test_a_code_stands_for_its_member_until_the_one_after_it_is_over(shop: Shop, member: dict[str, Any]) -> None:
    code = Phone.of(shop, member).code()
    shop.set_clock(LAST_GOOD)
    found, quote, purchase, redemption, engagement = everywhere(shop, code, LAST_GOOD)
    assert [each["id"] for each in found.json()["items"]] == [member["id"]]
    assert quote.json()["points"]["earned"] == 10
    assert purchase.json()["balance"]["available"] == 60
    assert redemption.json()["balance"]["available"] == 59
    assert engagement.status_code == 201, engagement.text


def test_a_picture_of_a_code_is_soon_refused_everywhere(shop: Shop, member: dict[str, Any]) -> None:
    code = Phone.of(shop, member).code()
    shop.set_clock("2026-03-02T12:10:00Z")
    for answer in everywhere(shop, code, "2026-03-02T12:10:00Z"):
        told = problem(answer, 409, "member.code_expired")
        assert told["detail"] == "This code has run out; ask the member to show the card again."
    assert shop.points(member) == (50, 0)


@pytest.mark.parametrize(
    ("occurred_at", "arrives_at", "status"),
    [
        (LAST_GOOD, LAST_GOOD, 201),
        (OVER, OVER, 409),  # a picture that is taken to a till whose clock is right
        ("2026-03-02T12:06:58Z", LAST_GOOD, 201),  # the till's clock is five minutes ahead
        ("2026-03-02T12:04:00Z", OVER, 409),  # the same with a picture
        ("2026-03-02T12:01:01Z", OVER, 409),  # paid a minute ago, when the next one was shown already
        ("2026-03-02T12:01:00Z", OVER, 201),  # a till that tried for a minute to send it
    ],
)
def test_on_a_receipt_that_arrives_at_once_a_code_is_good_for_two_minutes(
    shop: Shop, member: dict[str, Any], occurred_at: str, arrives_at: str, status: int
) -> None:
    code = Phone.of(shop, member).code()
    shop.set_clock(arrives_at)
    for answer in (
        shop.post(make_purchase(code, 100, occurred_at=occurred_at)),
        shop.call("POST", "/v1/engagement", make_engagement(code, "review.written", occurred_at=occurred_at)),
    ):
        assert answer.status_code == status, answer.text
        assert status == 201 or answer.json()["code"] == "member.code_expired"


def test_who_pays_two_baskets_shows_one_code_twice(shop: Shop, member: dict[str, Any]) -> None:
    code = Phone.of(shop, member).code()
    for source in ("till-1", "till-2"):
        assert shop.post(make_purchase(code, 1000, source=source, occurred_at=PRESENT)).status_code == 201
    assert shop.points(member) == (70, 0)


def test_where_no_receipt_says_when_a_code_was_shown_it_counts_now(shop: Shop, member: dict[str, Any]) -> None:
    code = Phone.of(shop, member).code()
    shop.set_clock(OVER)
    problem(shop.call("POST", "/v1/members/search", {"identifier": code}), 409, "member.code_expired")
    problem(shop.call("POST", "/v1/redemptions", make_redemption(code, "sweet")), 409, "member.code_expired")


@pytest.mark.parametrize(
    ("occurred_at", "arrives_at", "status"),
    [
        ("2026-03-02T12:00:30Z", "2026-03-09T12:01:59Z", 201),  # kept by a till that was offline
        ("2026-03-02T12:00:30Z", "2026-03-09T12:02:00Z", 409),  # for too long
        ("2026-03-02T11:55:00Z", "2026-03-02T12:00:00Z", 201),  # the till's clock is five minutes behind
        ("2026-03-02T11:54:59Z", "2026-03-02T12:00:00Z", 409),  # before there was such a code
        ("2026-03-02T12:06:59Z", "2026-03-03T12:00:00Z", 201),  # the till's clock is five minutes ahead
        ("2026-03-02T12:07:00Z", "2026-03-03T12:00:00Z", 409),  # when it was over
    ],
)
def test_on_a_receipt_that_arrives_late_a_code_counts_as_of_the_receipt(
    shop: Shop, member: dict[str, Any], occurred_at: str, arrives_at: str, status: int
) -> None:
    code = Phone.of(shop, member).code()
    shop.set_clock(arrives_at)
    answer = shop.call("POST", "/v1/purchases/batch", [make_purchase(code, 100, occurred_at=occurred_at)])
    result = answer.json()["results"][0]
    assert result["status"] == ("recorded" if status == 201 else "refused"), result
    if status == 409:
        assert result["problem"]["code"] == "member.code_expired"


def test_a_receipt_that_is_sent_again_is_answered_the_same_long_after_its_code_is_over(
    shop: Shop, member: dict[str, Any]
) -> None:
    other = shop.enrol()
    code, others = Phone.of(shop, member).code(), Phone.of(shop, other).code()
    bodies = {
        "/v1/purchases": make_purchase(code, 1000, occurred_at=PRESENT),
        "/v1/redemptions": make_redemption(code, "sweet"),
        "/v1/engagement": make_engagement(code, "review.written", occurred_at=PRESENT),
    }
    first = {path: shop.call("POST", path, body) for path, body in bodies.items()}
    assert {each.status_code for each in first.values()} == {201}
    shop.set_clock("2026-06-01T12:00:00Z")
    for path, body in bodies.items():
        again = shop.call("POST", path, body)
        assert (again.status_code, again.content) == (200, first[path].content), again.text
    for path, body in bodies.items():
        answer = shop.call("POST", path, body | {"member": {"identifier": others}})
        assert answer.status_code == 409
        assert answer.json()["code"].endswith("reference_reused")
    now = Phone.of(shop, member).code()
    again = shop.post(bodies["/v1/purchases"] | {"member": {"identifier": now}})
    assert (again.status_code, again.content) == (200, first["/v1/purchases"].content)


def test_a_code_that_was_not_made_here_for_this_program_means_nobody(
    shop: Shop, member: dict[str, Any], make_shop: Callable[..., Shop]
) -> None:
    other = make_shop()
    foreign = Phone.of(other, other.enrol()).code()
    code = Phone.of(shop, member).code()
    forged = [code[:place] + ("A" if code[place] != "A" else "B") + code[place + 1 :] for place in range(5, 53, 4)]
    for each in (
        foreign,
        "code:",
        "code:x",
        f"{code}A",
        code[:-4],
        f"code: {code[5:]}",
        f"code:{member['id']}",
        *forged,
    ):
        problem(shop.post(make_purchase(each, 1000)), 404, "member.not_found")
    for each in (foreign, forged[0], forged[-1]):
        found = shop.call("POST", "/v1/members/search", {"identifier": each})
        assert (found.status_code, found.json()["items"]) == (200, [])
    assert shop.points(member) == (50, 0)


def test_a_code_means_whom_its_member_was_merged_into_and_nobody_who_may_not_come(
    shop: Shop, member: dict[str, Any]
) -> None:
    survivor = shop.enrol()
    code = Phone.of(shop, member).code()
    shop.call("POST", f"/v1/members/{member['id']}/merge", {"into": survivor["id"]})
    assert shop.post(make_purchase(code, 1000, occurred_at=PRESENT)).json()["balance"]["available"] == 60
    code = Phone.of(shop, survivor).code()
    shop.call("POST", f"/v1/members/{survivor['id']}/suspend", {"reason": "asked for"})
    problem(shop.post(make_purchase(code, 1000, occurred_at=PRESENT)), 409, "member.suspended")


def test_no_member_is_enrolled_with_a_code_of_their_own(shop: Shop) -> None:
    body = {"identifiers": [{"kind": "code", "value": "A" * 48}]}
    assert shop.call("POST", "/v1/members", body).status_code == 422


def test_the_phone_is_told_when_to_show_the_next_code(shop: Shop, member: dict[str, Any]) -> None:
    phone = Phone.of(shop, member)
    card = phone.ask("{ viewer { card { code { value expiresAt qr } } } }")["viewer"]["card"]
    assert card["code"]["expiresAt"] == "2026-03-02T12:01:00Z"
    assert card["code"]["qr"].startswith("<svg")
    shop.set_clock("2026-03-02T12:01:00Z")
    assert phone.code() != card["code"]["value"]
