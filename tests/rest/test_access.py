"""Who may call what: the table against the running application, and every row tried with every wrong caller."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from loyalty_api.domain.access.table import ADMITTED, DEPLOYMENT_SCOPES, PROGRAM_SCOPES, PUBLIC
from tests.make.engagement import make_engagement
from tests.make.problem import problem
from tests.make.purchase import make_purchase
from tests.make.reward import make_redemption
from tests.make.shop import Shop, bearer

NOBODY = "019a2011-0405-775b-a666-3189a5d947d4"
GUARDED = sorted(route for route, scopes in ADMITTED.items() if scopes is not PUBLIC)
OPEN = sorted(route for route, scopes in ADMITTED.items() if scopes is PUBLIC)
UNKNOWN_KEY = "lk_" + "A" * 43


def call(http: httpx.Client, route: str, headers: dict[str, str]) -> httpx.Response:
    """A request that only its caller can spoil before anything looks into it."""
    method, path = route.split(" ")
    path = re.sub(r"\{number\}", "1", re.sub(r"\{\w+_id\}", NOBODY, path))
    return http.request(method, path, headers=headers, json={} if method in ("POST", "PATCH") else None)


def test_the_running_application_and_the_table_name_the_same_routes(http: httpx.Client) -> None:
    served = http.get("/openapi.json").json()["paths"]
    routes = {f"{method.upper()} {path}" for path, methods in served.items() for method in methods}
    assert routes | {"GET /openapi.json"} == set(ADMITTED)


def test_every_row_admits_scopes_that_exist() -> None:
    for route in GUARDED:
        assert ADMITTED[route] <= {*PROGRAM_SCOPES, *DEPLOYMENT_SCOPES}, route
        assert ADMITTED[route], route


def test_every_route_that_is_not_in_the_table_answers_404_or_405(http: httpx.Client, shop: Shop) -> None:
    paths = {route.split(" ")[1] for route in ADMITTED}
    for path in sorted(paths):
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            if f"{method} {path}" in ADMITTED:
                continue
            answer = call(http, f"{method} {path}", bearer(shop.key))
            body = problem(answer, 405, "request.method_not_allowed")
            allowed = set(answer.headers["allow"].split(", "))
            assert method not in allowed, body
            assert allowed >= {route.split(" ")[0] for route in ADMITTED if route.split(" ")[1] == path}
    for path in ("/", "/v1", "/v2/members", "/docs/x", "/schema", "/v1/members/x/y/z", "/metrics/x", "/.env", "//v1//"):
        problem(call(http, f"GET {path}", bearer(shop.key)), 404, "request.not_found")


@pytest.mark.parametrize("path", ["/docs", "/explorer", "/papers/explorer.js", "/papers/swagger-ui-bundle.js"])
def test_papers_ask_for_no_key_and_may_load_nothing_from_elsewhere(http: httpx.Client, path: str) -> None:
    answer = http.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'; ")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("route", OPEN)
def test_public_routes_ask_for_no_key_and_take_no_offence_at_one(http: httpx.Client, route: str) -> None:
    expected = 200 if route.startswith("GET") else 422  # the token that they ask for is in the body
    assert call(http, route, {}).status_code == expected
    assert call(http, route, bearer(UNKNOWN_KEY)).status_code == expected


@pytest.mark.parametrize("route", GUARDED)
def test_without_a_good_key_every_route_answers_401(
    http: httpx.Client, shop: Shop, expired_key: str, revoked_key: str, route: str
) -> None:
    headers = [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": shop.key},
        {"Authorization": f"Basic {shop.key}"},
        {"Authorization": f"Bearer Bearer {shop.key}"},
        {"Authorization": f"Bearer {shop.key}x"},
        {"Authorization": f"Bearer {shop.key[:-1]}"},
        {"Authorization": f"Bearer {shop.key.swapcase()}"},
        {"Authorization": "Bearer " + "x" * 5000},
        {"Authorization": "Bearer ' OR 1=1 --"},
        {"Authorization": b"Bearer \xff\xfe"},
        {"X-Api-Key": shop.key},
        bearer(UNKNOWN_KEY),
        bearer(expired_key),
        bearer(revoked_key),
    ]
    for each in headers:
        answer = call(http, route, each)  # type: ignore[arg-type]
        problem(answer, 401, "access.unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"
        assert shop.key not in answer.text


@pytest.mark.parametrize("route", GUARDED)
def test_a_key_without_an_admitted_scope_is_forbidden_and_with_one_it_is_not(
    shop: Shop, scoped_keys: dict[str, str], operator_key: str, route: str
) -> None:
    for scope, key in {**scoped_keys, "operator": operator_key}.items():
        answer = call(shop.http, route, bearer(key))
        if scope in ADMITTED[route]:
            assert answer.status_code not in (401, 403), f"{scope}: {answer.text}"
            assert answer.status_code < 500
        else:
            problem(answer, 403, "access.forbidden")


def test_a_key_with_two_scopes_may_do_what_either_may(shop: Shop) -> None:
    key = shop.issue_key("till", "read")["key"]
    assert shop.call("GET", "/v1/program/versions", key=key).status_code == 200
    assert shop.call("POST", "/v1/members", {}, key=key).status_code == 201
    problem(shop.call("GET", "/v1/api-keys", key=key), 403, "access.forbidden")


def test_who_is_not_admitted_learns_nothing_about_the_input(http: httpx.Client) -> None:
    for route in GUARDED:
        method, path = route.split(" ")
        answer = http.request(method, re.sub(r"\{\w+\}", "not-an-id", path) + "?nonsense=1", content=b"{")
        problem(answer, 401, "access.unauthenticated")


def test_a_key_of_another_program_finds_nothing_by_id(shop: Shop, make_shop: Callable[..., Shop]) -> None:
    member = shop.enrol()
    purchase, event = shop.buy(member), shop.engage(member)
    key = shop.issue_key("till")
    card = next(each for each in shop.member(member["id"])["identifiers"])
    path = f"/v1/members/{member['id']}"
    other = make_shop()
    calls = [
        ("GET", path, None, "member.not_found"),
        ("PATCH", path, {"profile": {"given_name": "Eve"}}, "member.not_found"),
        ("POST", f"{path}/suspend", {"reason": "eve"}, "member.not_found"),
        ("POST", f"{path}/resume", {}, "member.not_found"),
        ("POST", f"{path}/close", {"reason": "eve"}, "member.not_found"),
        ("POST", f"{path}/erase", None, "member.not_found"),
        ("GET", f"{path}/export", None, "member.not_found"),
        ("GET", f"{path}/points", None, "member.not_found"),
        ("GET", f"{path}/points/history", None, "member.not_found"),
        ("GET", f"{path}/tier/history", None, "member.not_found"),
        ("POST", f"{path}/identifiers", {"kind": "card", "value": "eve-1"}, "member.not_found"),
        ("DELETE", f"{path}/identifiers/{card['id']}", None, "member.identifier_not_found"),
        ("GET", f"/v1/purchases/{purchase['id']}", None, "purchase.not_found"),
        ("POST", "/v1/purchases", make_purchase("") | {"member": {"id": member["id"]}}, "member.not_found"),
        ("GET", f"/v1/engagement/{event['id']}", None, "engagement.not_found"),
        ("POST", "/v1/engagement", make_engagement("") | {"member": {"id": member["id"]}}, "member.not_found"),
        ("POST", "/v1/redemptions", make_redemption("") | {"member": {"id": member["id"]}}, "member.not_found"),
        ("GET", f"/v1/rewards?member={member['id']}", None, "member.not_found"),
        ("DELETE", f"/v1/api-keys/{key['id']}", None, "api_key.not_found"),
    ]
    for method, address, body, code in calls:
        problem(other.call(method, address, body), 404, code)
    assert shop.member(member["id"])["profile"]["given_name"] is None
    assert shop.call("POST", "/v1/members", {}, key=key["key"]).status_code == 201
    assert shop.buy(member)["balance"]["available"] == 20


def test_revoking_a_key_ends_it_at_once_everywhere_also_where_it_is_remembered(shop: Shop) -> None:
    member = shop.enrol()
    issued = shop.issue_key("till", "read")
    purchase = make_purchase(member["card"])
    assert shop.post(purchase, key=issued["key"]).status_code == 201
    assert shop.post(make_purchase(member["card"]), key=issued["key"]).status_code == 201
    assert shop.call("DELETE", f"/v1/api-keys/{issued['id']}").status_code == 204
    problem(shop.post(make_purchase(member["card"]), key=issued["key"]), 401, "access.unauthenticated")
    problem(shop.post(purchase, key=issued["key"]), 401, "access.unauthenticated")  # not even a replay
    batch = shop.call("POST", "/v1/purchases/batch", [make_purchase(member["card"])], key=issued["key"])
    problem(batch, 401, "access.unauthenticated")
    event = shop.call("POST", "/v1/engagement", make_engagement(member["card"]), key=issued["key"])
    problem(event, 401, "access.unauthenticated")
    problem(shop.call("GET", f"/v1/members/{member['id']}", key=issued["key"]), 401, "access.unauthenticated")
    assert shop.member(member["id"])["points"]["available"] == 20


def test_a_key_ends_at_its_instant_also_where_it_is_remembered(shop: Shop) -> None:
    member = shop.enrol()
    ends = datetime.now(UTC) + timedelta(seconds=1.5)
    key = shop.issue_key("till", expires_at=ends.isoformat())["key"]
    assert shop.post(make_purchase(member["card"]), key=key).status_code == 201
    time.sleep(max(0.0, (ends - datetime.now(UTC)).total_seconds()))
    problem(shop.post(make_purchase(member["card"]), key=key), 401, "access.unauthenticated")
    problem(shop.call("GET", "/v1/program", key=key), 401, "access.unauthenticated")


@pytest.fixture
def scoped_keys(shop: Shop) -> dict[str, str]:
    """One key per scope of a program."""
    return {scope: shop.issue_key(scope)["key"] for scope in PROGRAM_SCOPES}


@pytest.fixture
def revoked_key(shop: Shop) -> str:
    """An admin key that was good."""
    issued = shop.issue_key("admin")
    shop.call("DELETE", f"/v1/api-keys/{issued['id']}")
    return issued["key"]


@pytest.fixture(scope="session")
def expired_key(http: httpx.Client, operator_key: str) -> str:
    """An admin key whose time is over."""
    shop = Shop.open(http, operator_key, {})
    ends = datetime.now(UTC) + timedelta(seconds=0.3)
    issued = shop.issue_key("admin", expires_at=ends.isoformat())
    time.sleep(0.4)
    return issued["key"]
