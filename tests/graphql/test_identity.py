"""Whom ``/graphql`` answers: good tokens of members who may sign in, and nobody else."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import jwt
import pytest

from tests.make.phone import Phone
from tests.make.problem import problem
from tests.make.shop import Shop, bearer

NUMBER = "{ viewer { number } }"


def encoded(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def refused(http: httpx.Client, headers: dict[str, str]) -> None:
    answer = http.post("/graphql", json={"query": NUMBER}, headers=headers)
    problem(answer, 401, "access.token_refused")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_without_a_good_token_nothing_is_answered_not_even_the_schema(http: httpx.Client, shop: Shop) -> None:
    member = shop.enrol()
    token = Phone.of(shop, member).token
    head, body, signature = token.split(".")
    said = json.loads(base64.urlsafe_b64decode(body + "=="))
    later = encoded(said | {"exp": 2**40})
    kid = json.loads(base64.urlsafe_b64decode(head + "=="))["kid"]
    forged = [
        "x",
        "a.b.c",
        shop.key,
        token[:-3],
        f"{head}.{later}.{signature}",
        f"{encoded({'alg': 'none', 'kid': kid})}.{later}.",
        f"{encoded({'alg': 'RS256', 'kid': kid})}.{later}.{signature}",
        jwt.encode(said, "0" * 48, algorithm="HS256", headers={"kid": kid}),
        jwt.encode(said, "0" * 48, algorithm="HS256", headers={"kid": "another"}),
        jwt.encode(said, "0" * 48, algorithm="HS256", headers={"kid": "../../etc/passwd"}),
        "é.é.é",
        "x" * 20_000,
    ]
    for each in forged:
        refused(http, {"Authorization": f"Bearer {each}".encode()})  # type: ignore[dict-item]
    for headers in ({}, {"Authorization": token}, {"Authorization": f"Basic {token}"}, {"X-Token": token}):
        refused(http, headers)
    asked = http.post("/graphql", json={"query": "{ __schema { types { name } } }"})
    problem(asked, 401, "access.token_refused")
    assert Phone(http, token).ask(NUMBER)["viewer"]["number"] == member["number"]


def test_a_refresh_token_is_no_access_token_and_a_members_token_no_key(shop: Shop) -> None:
    member = shop.enrol()
    pair = shop.call("POST", f"/v1/members/{member['id']}/tokens").json()
    refused(shop.http, bearer(pair["refresh_token"]))
    answer = shop.call("GET", f"/v1/members/{member['id']}", key=pair["access_token"])
    problem(answer, 401, "access.unauthenticated")


def test_signing_out_works_at_once(shop: Shop) -> None:
    member = shop.enrol()
    one, other = Phone.of(shop, member), Phone.of(shop, member)
    assert shop.http.post("/v1/tokens/revoke", json={"token": one.token}).status_code == 204
    refused(shop.http, bearer(one.token))
    assert other.ask(NUMBER)
    shop.call("DELETE", f"/v1/members/{member['id']}/tokens")
    refused(shop.http, bearer(other.token))


@pytest.mark.parametrize("verb", ["suspend", "close", "erase", "merge"])
def test_who_may_not_sign_in_any_more_is_refused_at_once(shop: Shop, verb: str) -> None:
    member = shop.enrol()
    phone = Phone.of(shop, member)
    body = {"into": shop.enrol()["id"]} if verb == "merge" else None if verb == "erase" else {"reason": "a test"}
    done = shop.call("POST", f"/v1/members/{member['id']}/{verb}", body)
    assert done.status_code < 300, done.text
    refused(shop.http, bearer(phone.token))


def test_a_resumed_member_is_answered_again(shop: Shop) -> None:
    member = shop.enrol()
    phone = Phone.of(shop, member)
    shop.call("POST", f"/v1/members/{member['id']}/suspend", {"reason": "a test"})
    refused(shop.http, bearer(phone.token))
    shop.call("POST", f"/v1/members/{member['id']}/resume", {})
    assert phone.ask(NUMBER)
