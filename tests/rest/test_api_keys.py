"""API keys over HTTP: told once, listed without their secret, revoked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import asyncpg
import pytest

from tests.make.problem import problem
from tests.make.shop import Shop


def keys(shop: Shop) -> list[dict[str, Any]]:
    return shop.call("GET", "/v1/api-keys").json()["items"]


def test_a_key_is_told_once_and_never_again(shop: Shop) -> None:
    issued = shop.issue_key("till", "read", name="till 3", store="17", expires_at="2200-01-01T01:00:00+01:00")
    assert issued.keys() == {"id", "prefix", "key"}
    assert issued["key"].startswith(issued["prefix"])
    assert len(issued["key"]) >= 40
    answer = shop.call("GET", "/v1/api-keys")
    assert issued["key"] not in answer.text
    listed = next(each for each in answer.json()["items"] if each["id"] == issued["id"])
    created = listed.pop("created_at")
    assert created.endswith("Z")
    assert listed == {
        "id": issued["id"],
        "name": "till 3",
        "scopes": ["read", "till"],
        "store": "17",
        "prefix": issued["prefix"],
        "expires_at": "2200-01-01T00:00:00Z",
        "revoked_at": None,
    }


async def test_what_is_stored_of_a_key_is_not_the_key(shop: Shop, database_url: str) -> None:
    issued = shop.issue_key("till")
    connection = await asyncpg.connect(database_url)
    row = await connection.fetchrow("SELECT * FROM api_keys WHERE key_id = $1", issued["id"])
    await connection.close()
    assert issued["key"] not in repr(dict(row))
    assert len(row["key_hash"]) == 32


def test_a_revoked_key_stays_in_the_list_with_its_end(shop: Shop) -> None:
    issued = shop.issue_key("till")
    path = f"/v1/api-keys/{issued['id']}"
    assert shop.call("DELETE", path).status_code == 204
    first = next(each["revoked_at"] for each in keys(shop) if each["id"] == issued["id"])
    assert shop.call("DELETE", path).status_code == 204
    assert next(each["revoked_at"] for each in keys(shop) if each["id"] == issued["id"]) == first


def test_an_admin_key_may_end_itself(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop()
    (own,) = keys(shop)
    assert shop.call("DELETE", f"/v1/api-keys/{own['id']}").status_code == 204
    problem(shop.call("GET", "/v1/api-keys"), 401, "access.unauthenticated")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": ["operator"]}, "scopes[0]"),
        ({"scopes": ["till", "root"]}, "scopes[1]"),
        ({"scopes": "till"}, "scopes"),
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"store": ""}, "store"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "2200-01-01"}, "expires_at"),
        ({"program": "other"}, "program"),
    ],
)
def test_a_wrong_key_is_refused_by_field_and_not_issued(shop: Shop, change: dict[str, Any], field: str) -> None:
    body = {"name": "n", "scopes": ["till"]} | change
    problem(shop.call("POST", "/v1/api-keys", body), 422, "request.invalid", field)
    assert len(keys(shop)) == 1


@pytest.mark.parametrize("key_id", ["019a2011-0405-775b-a666-3189a5d947d4", "7"])
def test_a_key_that_is_not_there_is_told_as_such(shop: Shop, key_id: str) -> None:
    assert shop.call("DELETE", f"/v1/api-keys/{key_id}").status_code == 404


def test_a_scope_said_twice_is_one(shop: Shop) -> None:
    issued = shop.issue_key("till", "till")
    assert next(each["scopes"] for each in keys(shop) if each["id"] == issued["id"]) == ["till"]
