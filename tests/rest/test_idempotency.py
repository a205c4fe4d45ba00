"""Idempotency-Key on writes that bring no reference."""

from __future__ import annotations

from collections.abc import Callable

from tests.make.shop import LONG_AGO, Shop


def enrol(shop: Shop, key: str, **body: object) -> object:
    """Enrols without any identifier, so that only the key can tell a repetition."""
    return shop.call("POST", "/v1/members", {"enrolled_at": LONG_AGO} | body, headers={"Idempotency-Key": key})


def test_the_same_key_enrols_once_and_answers_the_member_as_they_are_now(shop: Shop) -> None:
    first = enrol(shop, "k-1", profile={"given_name": "Ada"})
    again = enrol(shop, "k-1", profile={"given_name": "Ada"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert enrol(shop, "k-2", profile={"given_name": "Ada"}).json()["id"] != first.json()["id"]


def test_the_same_key_with_another_request_is_refused(shop: Shop) -> None:
    enrol(shop, "k-1")
    answer = enrol(shop, "k-1", store="9")
    assert (answer.status_code, answer.json()["code"]) == (409, "request.idempotency_key_reused")


def test_a_refused_request_does_not_use_its_key_up(shop: Shop) -> None:
    assert enrol(shop, "k-1", enrolled_at="2099-01-01T00:00:00Z").status_code == 422
    assert enrol(shop, "k-1").status_code == 201


def test_a_repeated_issue_makes_no_second_key_and_tells_no_secret(shop: Shop) -> None:
    def issue() -> dict:
        body = {"name": "till", "scopes": ["till"]}
        return shop.call("POST", "/v1/api-keys", body, headers={"Idempotency-Key": "k"}).json()

    first, again = issue(), issue()
    assert first["key"].startswith("lk_")
    assert again == first | {"key": None}


def test_two_programs_may_use_the_same_key(make_shop: Callable[..., Shop]) -> None:
    assert enrol(make_shop(), "same").status_code == 201
    assert enrol(make_shop(), "same").headers.get("idempotent-replayed") is None
