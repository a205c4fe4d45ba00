"""Webhooks over HTTP: opened with a secret that is told once, read, changed, deleted; and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty_api.domain.webhooks.open import WEBHOOKS_MAX
from tests.make.problem import problem
from tests.make.shop import Shop

BODY = {"url": "https://crm.example.org/loyalty?via=1", "types": ["loyalty.purchase.recorded.v1"]}
NOBODY = "019a2011-0405-775b-a666-3189a5d947d4"
SPAN = {"from": "2026-03-01T00:00:00Z", "until": "2026-03-02T00:00:00Z"}


def opened(shop: Shop, **changes: Any) -> dict[str, Any]:
    answer = shop.call("POST", "/v1/webhooks", BODY | changes)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_a_webhook_tells_its_secret_once_and_never_again(shop: Shop) -> None:
    webhook = opened(shop)
    secret = webhook.pop("secret")
    assert (secret[:6], len(secret)) == ("whsec_", 50)
    created = webhook.pop("created_at")
    assert created.endswith("Z")
    assert webhook == {
        "id": webhook["id"],
        "url": BODY["url"],
        "types": BODY["types"],
        "state": "on",
        "reason": None,
        "failing_since": None,
        "previous_secret_until": None,
    }
    shown = shop.call("GET", f"/v1/webhooks/{webhook['id']}")
    assert shown.json() == webhook | {"created_at": created}
    listed = shop.call("GET", "/v1/webhooks")
    assert listed.json() == {"items": [shown.json()], "next_cursor": None}
    assert secret not in shown.text + listed.text


def test_opened_again_with_the_same_idempotency_key_it_is_one_and_its_secret_is_not_told_again(shop: Shop) -> None:
    first, again = (
        shop.call("POST", "/v1/webhooks", BODY, headers={"Idempotency-Key": "once"}).json() for _ in range(2)
    )
    assert first.pop("secret") is not None
    assert again.pop("secret") is None
    assert first == again
    assert len(shop.call("GET", "/v1/webhooks").json()["items"]) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        *(
            ({"url": url}, "url")
            for url in (
                *("", "x", "crm.example.org", "http://crm.example.org/", "ftp://crm.example.org/", "https://", "//x"),
                *("https://ada:secret@crm.example.org/", "https://crm.example.org/#top", "https://crm.example.org:x/"),
                *("https://127.0.0.1/", "https://10.1.2.3/", "https://169.254.169.254/latest", "https://[::1]/"),
                *("https://[::ffff:10.0.0.1]/", "https://[64:ff9b::a00:1]/", "https://[fe80::1%25eth0]/"),
                *("https://[2002:7f00:1::]/", "https://localhost/", "https://0.0.0.0/", "https://224.0.0.1/"),
                *("https://crm.example.org/\n", "https://bücher.example/", "https://[::1", "https://x/" + "y" * 2000),
            )
        ),
        ({"types": []}, "types"),
        ({"types": ["purchase.recorded"]}, "types"),
        ({"types": ["loyalty.purchase.recorded.v2"]}, "types"),
        ({"types": "loyalty.purchase.recorded.v1"}, "types"),
        ({"secret": "mine"}, "secret"),
    ],
)
def test_a_wrong_address_or_type_is_refused_by_field_and_nothing_is_opened(
    shop: Shop, change: dict[str, Any], field: str
) -> None:
    problem(shop.call("POST", "/v1/webhooks", BODY | change), 422, "request.invalid", field)
    assert shop.call("GET", "/v1/webhooks").json()["items"] == []
    if field == "url":
        path = f"/v1/webhooks/{opened(shop)['id']}"
        problem(shop.call("PATCH", path, change), 422, "request.invalid", field)
        assert shop.call("GET", path).json()["url"] == BODY["url"]


def test_what_is_given_is_changed_and_nothing_else(shop: Shop) -> None:
    path = f"/v1/webhooks/{opened(shop)['id']}"
    before = shop.call("GET", path).json()
    steps: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({}, {}),
        ({"url": "https://other.example.org/"}, {}),
        ({"types": None}, {}),
        ({"types": ["loyalty.points.earned.v1", "loyalty.points.earned.v1"]}, {"types": ["loyalty.points.earned.v1"]}),
        ({"state": "off"}, {"reason": "switched off by hand"}),
        ({"state": "off"}, {}),
        ({"state": "on"}, {"reason": None}),
    ]
    for change, also in steps:
        before |= change | also
        answer = shop.call("PATCH", path, change)
        assert (answer.status_code, answer.json()) == (200, before), change
        assert shop.call("GET", path).json() == before


def test_a_deleted_webhook_is_gone_with_its_deliveries(shop: Shop) -> None:
    path = f"/v1/webhooks/{opened(shop)['id']}"
    assert shop.call("DELETE", path).status_code == 204
    calls = [
        ("GET", path, None),
        ("DELETE", path, None),
        ("PATCH", path, {"state": "on"}),
        ("POST", f"{path}/secret", {}),
        ("GET", f"{path}/deliveries", None),
        ("POST", f"{path}/deliveries/{NOBODY}/replay", None),
        ("POST", f"{path}/replay", SPAN),
    ]
    for method, address, body in calls:
        problem(shop.call(method, address, body), 404, "webhook.not_found")
    assert shop.call("GET", "/v1/webhooks").json()["items"] == []


def test_a_program_has_so_many_webhooks_and_no_more(shop: Shop) -> None:
    ids = [opened(shop)["id"] for _ in range(WEBHOOKS_MAX)]
    problem(shop.call("POST", "/v1/webhooks", BODY), 409, "webhook.too_many")
    assert shop.call("DELETE", f"/v1/webhooks/{ids[0]}").status_code == 204
    opened(shop)


def test_a_new_secret_is_told_once_and_the_one_before_ends_in_time(shop: Shop) -> None:
    webhook = opened(shop)
    path = f"/v1/webhooks/{webhook['id']}"
    first, again = (
        shop.call("POST", f"{path}/secret", {}, headers={"Idempotency-Key": "once"}).json() for _ in range(2)
    )
    assert first["secret"] not in (None, webhook["secret"])
    assert again == first | {"secret": None}
    assert shop.call("GET", path).json()["previous_secret_until"] == first["previous_secret_until"]
    leaked = shop.call("POST", f"{path}/secret", {"overlap_hours": 0}).json()
    assert leaked["previous_secret_until"] is None
    for hours in (-1, 169, 1.5, "1"):
        body = {"overlap_hours": hours}
        problem(shop.call("POST", f"{path}/secret", body), 422, "request.invalid", "overlap_hours")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"until": SPAN["from"]}, "until"),
        ({"from": None}, "from"),
        ({"from": "1800-01-01T00:00:00Z"}, "from"),
        ({"until": "2026-03-02T00:00:00"}, "until"),
        ({"state": "waiting"}, "state"),
    ],
)
def test_a_span_that_is_none_is_refused(shop: Shop, change: dict[str, Any], field: str) -> None:
    path = f"/v1/webhooks/{opened(shop)['id']}"
    problem(shop.call("POST", f"{path}/replay", SPAN | change), 422, "request.invalid", field)
    assert shop.call("POST", f"{path}/replay", SPAN).json() == {"replayed": 0}


def test_deliveries_that_are_not_there_and_states_that_are_none(shop: Shop) -> None:
    path = f"/v1/webhooks/{opened(shop)['id']}/deliveries"
    assert shop.call("GET", path).json() == {"items": [], "next_cursor": None}
    problem(shop.call("POST", f"{path}/{NOBODY}/replay"), 404, "webhook.delivery_not_found")
    problem(shop.call("GET", f"{path}?state=lost"), 422, "request.invalid", "state")
    problem(shop.call("GET", f"{path}?cursor=LTEuMA=="), 422, "request.invalid", "cursor")


@pytest.mark.parametrize("scope", ["till", "read"])
def test_who_may_not_manage_learns_no_address(shop: Shop, scope: str) -> None:
    key = shop.issue_key(scope)["key"]
    problem(shop.call("GET", "/v1/webhooks", key=key), 403, "access.forbidden")
