"""GET /openapi.json, and what every answer carries."""

from __future__ import annotations

import json
from typing import Any

import httpx
import jsonschema
import pytest

from tests.architecture.source import ROOT
from tests.make.engagement import make_engagement
from tests.make.problem import problem
from tests.make.purchase import make_line, make_purchase
from tests.make.shop import Shop

INSIGHT = ("ladder", "liability", "lifetime-value", "members", "tier-migration")


def test_the_contract_that_is_served_is_the_committed_one(http: httpx.Client) -> None:
    served = http.get("/openapi.json")
    assert served.headers["content-type"].startswith("application/json")
    assert served.json() == json.loads((ROOT / "openapi" / "openapi.json").read_text())


def test_answers_fit_the_contract(shop: Shop) -> None:
    contract = shop.http.get("/openapi.json").json()
    member = shop.enrol()
    bought = shop.buy(member, lines=[make_line(60_000, quantity=1.5), make_line(2000, kind="gift_card")])
    event = shop.engage(member)
    path = f"/v1/members/{member['id']}"
    calls: list[tuple[str, str, str, Any]] = [
        ("get", "/v1/members/{member_id}", path, None),
        ("post", "/v1/members", "/v1/members", {}),
        ("post", "/v1/members/search", "/v1/members/search", {"identifier": member["card"]}),
        ("patch", "/v1/members/{member_id}", path, {}),
        ("get", "/v1/members/{member_id}/points", f"{path}/points", None),
        ("get", "/v1/members/{member_id}/loyalty", f"{path}/loyalty", None),
        *(("get", f"/v1/insight/{each}", f"/v1/insight/{each}", None) for each in INSIGHT),
        ("get", "/v1/members/{member_id}/points/history", f"{path}/points/history", None),
        ("post", "/v1/members/{member_id}/suspend", f"{path}/suspend", {"reason": "x"}),
        ("post", "/v1/purchases", "/v1/purchases", make_purchase(member["card"])),
        ("post", "/v1/members/{member_id}/resume", f"{path}/resume", {}),
        ("get", "/v1/members/{member_id}/export", f"{path}/export", None),
        ("post", "/v1/purchases", "/v1/purchases", make_purchase(member["card"])),
        ("post", "/v1/purchases", "/v1/purchases", make_purchase("card:nobody")),
        ("post", "/v1/purchases", "/v1/purchases", {}),
        ("post", "/v1/purchases/batch", "/v1/purchases/batch", [make_purchase(member["card"]), {}]),
        ("get", "/v1/purchases", "/v1/purchases", None),
        ("get", "/v1/purchases/{purchase_id}", f"/v1/purchases/{bought['id']}", None),
        ("post", "/v1/engagement", "/v1/engagement", make_engagement(member["card"], data={"stars": 5})),
        ("post", "/v1/engagement", "/v1/engagement", make_engagement(member["card"], "enrolled")),
        ("post", "/v1/engagement/batch", "/v1/engagement/batch", [make_engagement(member["card"]), {}]),
        ("get", "/v1/engagement", "/v1/engagement", None),
        ("get", "/v1/engagement/{engagement_id}", f"/v1/engagement/{event['id']}", None),
        ("get", "/v1/program/dry-runs", "/v1/program/dry-runs", None),
        ("get", "/v1/program", "/v1/program", None),
        ("get", "/v1/program/draft", "/v1/program/draft", None),
        ("put", "/v1/program/draft", "/v1/program/draft", shop.document | {"name": "x"}),
        ("post", "/v1/program/publish", "/v1/program/publish", {}),
        ("get", "/v1/program/versions", "/v1/program/versions", None),
        ("get", "/v1/program/versions/{number}", "/v1/program/versions/1", None),
        ("get", "/v1/program/versions/{number}", "/v1/program/versions/2", None),
        ("post", "/v1/program/plan", "/v1/program/plan", {"document": shop.document | {"name": "x"}}),
        ("get", "/v1/insight/metrics", "/v1/insight/metrics", None),
        ("get", "/v1/insight/metrics/{slug}", "/v1/insight/metrics/retention?by=tier", None),
        ("get", "/v1/insight/metrics/{slug}", "/v1/insight/metrics/sales", None),
        ("get", "/v1/insight/cohorts", "/v1/insight/cohorts", None),
        ("get", "/v1/insight/rfm", "/v1/insight/rfm", None),
        ("get", "/v1/test-clock", "/v1/test-clock", None),
        ("get", "/v1/api-keys", "/v1/api-keys", None),
        ("post", "/v1/api-keys", "/v1/api-keys", {"name": "x", "scopes": ["till"]}),
        ("get", "/health/ready", "/health/ready", None),
    ]
    for method, route, address, body in calls:
        answer = shop.call(method.upper(), address, body)
        responses = contract["paths"][route][method]["responses"]
        assert str(answer.status_code) in responses, (method, route, answer.text)
        media = responses[str(answer.status_code)]["content"][answer.headers["content-type"].partition(";")[0]]
        schema = media["schema"] | {"components": contract["components"]}
        jsonschema.Draft202012Validator(schema).validate(answer.json())


def test_every_answer_carries_a_request_id_and_the_callers_own_if_it_is_one(http: httpx.Client, shop: Shop) -> None:
    ids = set()
    for path in ("/health/live", "/v1/purchases", "/nowhere", "/v1/program"):
        for method in ("GET", "POST"):
            ids.add(shop.call(method, path).headers["x-request-id"])
    assert len(ids) == 8
    for path in ("/health/live", "/v1/purchases"):
        own = shop.call("POST" if path.startswith("/v1") else "GET", path, headers={"X-Request-Id": "till-3.42_a"})
        assert own.headers["x-request-id"] == "till-3.42_a"
        for foreign in ("x" * 65, "a b", "a\tb", "<script>", ""):
            answer = http.get(path, headers={"X-Request-Id": foreign})
            assert answer.headers["x-request-id"] != foreign


@pytest.mark.parametrize("method", ["PUT", "TRACE", "PATCH", "HEAD"])
def test_another_method_is_told_which_are_allowed(http: httpx.Client, method: str) -> None:
    answer = http.request(method, "/v1/purchases")
    assert answer.status_code == 405, answer.text
    assert answer.headers["allow"] == "GET, POST"
    if method != "HEAD":
        problem(answer, 405, "request.method_not_allowed")
