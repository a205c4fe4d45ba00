"""Signing members in over REST: issued for a trusted back end, refreshed once, revoked at once."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.make.problem import problem
from tests.make.shop import Shop


def sign_in(shop: Shop, member: dict[str, Any]) -> dict[str, Any]:
    """A pair of tokens for the member."""
    answer = shop.call("POST", f"/v1/members/{member['id']}/tokens")
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


def subject(pair: dict[str, Any]) -> str:
    """Whom the access token names."""
    return json.loads(base64.urlsafe_b64decode(pair["access_token"].split(".")[1] + "=="))["sub"]


def refresh(shop: Shop, token: str) -> Any:
    """The answer to a refresh, asked without a key."""
    return shop.http.post("/v1/tokens/refresh", json={"refresh_token": token})


def test_a_signed_in_member_has_an_access_token_for_minutes_and_a_refresh_token(shop: Shop) -> None:
    member = shop.enrol()
    pair = sign_in(shop, member)
    assert subject(pair) == member["id"]
    assert (pair["token_type"], pair["expires_in"]) == ("Bearer", 900)
    assert pair["access_token"] != pair["refresh_token"]


def test_a_refresh_token_gives_the_next_pair_and_shown_much_later_ends_the_sign_in(shop: Shop) -> None:
    first = sign_in(shop, shop.enrol())
    second = refresh(shop, first["refresh_token"])
    assert second.status_code == 200, second.text
    third = refresh(shop, second.json()["refresh_token"])
    assert third.status_code == 200
    problem(refresh(shop, first["refresh_token"]), 401, "access.token_refused")  # two generations old: stolen
    problem(refresh(shop, third.json()["refresh_token"]), 401, "access.token_refused")


def test_when_the_answer_to_a_refresh_is_lost_asking_again_gives_the_same_generation(shop: Shop) -> None:
    first = sign_in(shop, shop.enrol())
    lost, again = (refresh(shop, first["refresh_token"]) for _ in range(2))
    assert (lost.status_code, again.status_code) == (200, 200)
    assert refresh(shop, again.json()["refresh_token"]).status_code == 200


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_revoking_either_token_ends_the_sign_in_and_no_other(shop: Shop, kind: str) -> None:
    member = shop.enrol()
    one, other = sign_in(shop, member), sign_in(shop, member)
    for _ in range(2):
        assert shop.http.post("/v1/tokens/revoke", json={"token": one[kind]}).status_code == 204
    problem(refresh(shop, one["refresh_token"]), 401, "access.token_refused")
    assert refresh(shop, other["refresh_token"]).status_code == 200


def test_signing_out_everywhere_ends_all_sign_ins_of_the_member_alone(shop: Shop) -> None:
    member, neighbour = shop.enrol(), shop.enrol()
    mine = [sign_in(shop, member) for _ in range(2)]
    theirs = sign_in(shop, neighbour)
    assert shop.call("DELETE", f"/v1/members/{member['id']}/tokens").status_code == 204
    for each in mine:
        problem(refresh(shop, each["refresh_token"]), 401, "access.token_refused")
    assert refresh(shop, theirs["refresh_token"]).status_code == 200


@pytest.mark.parametrize(
    ("verb", "status", "code"), [("suspend", 409, "member.suspended"), ("close", 409, "member.closed")]
)
def test_who_is_not_active_is_not_signed_in_and_does_not_stay_so(shop: Shop, verb: str, status: int, code: str) -> None:
    member = shop.enrol()
    pair = sign_in(shop, member)
    assert shop.call("POST", f"/v1/members/{member['id']}/{verb}", {"reason": "a test"}).status_code == 200
    problem(shop.call("POST", f"/v1/members/{member['id']}/tokens"), status, code)
    problem(refresh(shop, pair["refresh_token"]), 401, "access.token_refused")


def test_an_erased_member_is_not_signed_in(shop: Shop) -> None:
    member = shop.enrol()
    pair = sign_in(shop, member)
    shop.call("POST", f"/v1/members/{member['id']}/erase")
    problem(shop.call("POST", f"/v1/members/{member['id']}/tokens"), 410, "member.erased")
    problem(refresh(shop, pair["refresh_token"]), 401, "access.token_refused")


def test_who_was_merged_is_signed_in_as_whom_they_are_now_and_not_as_before(shop: Shop) -> None:
    member, survivor = shop.enrol(), shop.enrol()
    pair = sign_in(shop, member)
    merged = shop.call("POST", f"/v1/members/{member['id']}/merge", {"into": survivor["id"]})
    assert merged.status_code == 200, merged.text
    problem(refresh(shop, pair["refresh_token"]), 401, "access.token_refused")
    assert subject(sign_in(shop, member)) == survivor["id"]


def test_what_is_no_refresh_token_of_ours_is_refused(shop: Shop) -> None:
    pair = sign_in(shop, shop.enrol())
    head, body, _ = pair["refresh_token"].split(".")
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    forged = [
        pair["access_token"],
        pair["refresh_token"][:-2],
        f"{head}.{body}.",
        f"{unsigned}.{body}.",
        f"{head}.{base64.urlsafe_b64encode(b'{}').decode()}.c2ln",
        "a.b.c",
        "x",
        "é" * 50,
        shop.key,
    ]
    for each in forged:
        problem(refresh(shop, each), 401, "access.token_refused")
    assert shop.http.post("/v1/tokens/revoke", json={"token": "x"}).status_code == 204
    assert refresh(shop, pair["refresh_token"]).status_code == 200


def test_only_the_members_own_program_signs_them_in(shop: Shop, make_shop: Callable[..., Shop]) -> None:
    member = shop.enrol()
    other = make_shop()
    problem(other.call("POST", f"/v1/members/{member['id']}/tokens"), 404, "member.not_found")
    pair = sign_in(shop, member)
    problem(other.call("DELETE", f"/v1/members/{member['id']}/tokens"), 404, "member.not_found")
    assert refresh(shop, pair["refresh_token"]).status_code == 200


def test_signing_in_twice_shows_in_the_export_without_a_token(shop: Shop) -> None:
    member = shop.enrol()
    pair = sign_in(shop, member)
    told = shop.call("GET", f"/v1/members/{member['id']}/export")
    assert len(told.json()["sign_ins"]) == 1
    assert pair["access_token"] not in told.text
