"""What no route takes is a problem that says what would be."""

from __future__ import annotations

import httpx
import pytest

from tests.make.shop import Shop


@pytest.mark.parametrize("method", ["OPTIONS", "PUT", "DELETE"])
def test_a_method_that_the_address_does_not_take_names_those_it_does(http: httpx.Client, method: str) -> None:
    answer = http.request(method, "/v1/purchases")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
    assert answer.json()["code"] == "request.method_not_allowed"


def test_an_address_that_does_not_exist_is_a_problem_for_every_method(http: httpx.Client) -> None:
    for method in ("GET", "POST", "OPTIONS"):
        answer = http.request(method, "/v1/nothing")
        assert (answer.status_code, answer.json()["code"]) == (404, "request.not_found")


def test_a_revoked_key_learns_nothing_from_a_malformed_purchase(shop: Shop) -> None:
    till = shop.issue_key("till")
    assert shop.post({}, key=till["key"]).status_code == 422
    shop.call("DELETE", f"/v1/api-keys/{till['id']}")
    assert shop.post({}, key=till["key"]).status_code == 401


def test_a_document_that_says_a_field_twice_is_refused_in_both_writings(shop: Shop) -> None:
    body = b'{"document": {"program": "a", "currency": "EUR", "currency": "USD", "time_zone": "UTC"}}'
    headers = {"Content-Type": "application/json"}
    answer = shop.call("POST", "/v1/program/plan", headers=headers, content=body)
    assert answer.status_code == 422
    assert "'currency' is said twice" in answer.json()["errors"][0]["message"]
