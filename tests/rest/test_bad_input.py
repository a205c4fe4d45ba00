"""Malformed requests on every route with a body: never a 5xx, always a problem, nothing half-written."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from loyalty_api.domain.lifecycle.verify import verify
from loyalty_api.kernel.database import Database
from loyalty_api.rest.router import CONTRACT
from tests.make.engagement import make_engagement
from tests.make.problem import problem
from tests.make.program import make_document
from tests.make.purchase import make_line, make_purchase
from tests.make.shop import Shop, bearer

NOBODY = "019a2011-0405-775b-a666-3189a5d947d4"
WITH_BODY = sorted({route.key for route in CONTRACT if route.body is not None})
BATCHES = {"POST /v1/members/batch", "POST /v1/purchases/batch", "POST /v1/engagement/batch", "POST /v1/openings/batch"}


@pytest.fixture
def send(shop: Shop, operator_key: str) -> Callable[..., httpx.Response]:
    """Sends bytes to a route of the contract, by its key."""

    def send(route: str, body: bytes, query: str = "", **headers: str) -> httpx.Response:
        method, path = route.split(" ")
        key = operator_key if route == "POST /v1/programs" else shop.key
        sent = {"Content-Type": "application/json", "If-Match": "*"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        path = re.sub(r"\{\w+_id\}", NOBODY, path)
        return shop.http.request(method, path + query, content=body, headers=bearer(key) | sent)

    return send


def refused(answer: httpx.Response) -> dict[str, Any]:
    """The problem that the answer is, whatever the input was."""
    assert 400 <= answer.status_code < 500, f"{answer.status_code}: {answer.text[:300]}"
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"]
    body = answer.json()
    assert {"type", "title", "status", "code", "detail"} <= body.keys()
    assert body["status"] == answer.status_code
    if answer.status_code == 422:
        assert body["errors"]
        assert all(error["field"] and error["message"] for error in body["errors"])
    return body


# --- what is no JSON -------------------------------------------------------------------------------------------------

NO_JSON = [
    b"",
    b" ",
    b"{",
    b"}",
    b'{"a"',
    b'{"a":}',
    b"{'a': 1}",
    b"[1,]",
    b"nul",
    b"NaN",
    b"Infinity",
    b"-",
    b"01",
    b"+1",
    b"{}{}",
    b"{} x",
    b"\x00",
    b"\xff\xfe{\x00}\x00",
    b"\xef\xbb\xbf{}",
    b'"\xed\xa0\x80"',
    b'"\\ud800"',
    b'{"reference": "\\udc00"}',
    b'{"\\ud800": 1}',
    b'"\x01"',
    b'"\\x41"',
    b"/* no */ {}",
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b"a=1&b=2",
    b"<xml/>",
    "{}".encode("utf-16"),
]
NO_OBJECT = [b"null", b"true", b"7", b"-0", b"1e400", b'"text"', b"1" + b"0" * 400, b"1" * 10_000]


@pytest.mark.parametrize("route", WITH_BODY)
def test_what_is_no_json_is_a_problem_everywhere(send: Callable[..., httpx.Response], route: str) -> None:
    for body in NO_JSON:
        answer = refused(send(route, body))
        assert answer["code"] in ("request.malformed", "request.invalid", "program.invalid"), body[:40]
        assert len(answer["detail"]) < 500


@pytest.mark.parametrize("route", WITH_BODY)
def test_what_is_no_object_is_a_problem_everywhere(send: Callable[..., httpx.Response], route: str) -> None:
    for body in NO_OBJECT if route in BATCHES else [*NO_OBJECT, b"[]", b"[{}]"]:
        refused(send(route, body))


@pytest.mark.parametrize("route", WITH_BODY)
@pytest.mark.parametrize(
    "headers",
    [
        {"Content_Type": "text/plain"},
        {"Content_Type": "application/x-www-form-urlencoded"},
        {"Content_Type": "multipart/form-data; boundary=x"},
        {"Content_Type": "application/xml"},
        {"Content_Type": "json"},
        {"Content_Type": "a" * 4000},
        {"Content_Encoding": "gzip"},
        {"Content_Encoding": "br"},
        {"Content_Encoding": "nonsense"},
    ],
    ids=lambda headers: next(iter(headers.values()))[:20],
)
def test_other_content_types_and_encodings_are_told_as_such(
    send: Callable[..., httpx.Response], route: str, headers: dict[str, str]
) -> None:
    problem(send(route, b"{}", **headers), 415, "request.unsupported_content")


def test_json_may_be_announced_in_other_words(shop: Shop) -> None:
    member = shop.enrol()
    for name in ("application/json; charset=utf-8", "APPLICATION/JSON", "application/vnd.till+json", ""):
        body = json.dumps(make_purchase(member["card"])).encode()
        headers = {"Content-Type": name, "Content-Encoding": "identity"}
        answer = shop.http.post("/v1/purchases", content=body, headers=bearer(shop.key) | headers)
        assert answer.status_code == 201, (name, answer.text)


@pytest.mark.parametrize("route", WITH_BODY)
def test_a_body_of_ten_megabytes_is_too_large(send: Callable[..., httpx.Response], route: str) -> None:
    assert refused(send(route, b'{"a": "' + b"x" * 10_000_000 + b'"}'))["code"] == "request.too_large"


def test_a_body_without_a_length_is_too_large_all_the_same(shop: Shop) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * 100_000

    for path in ("/v1/purchases", "/v1/members"):
        answer = shop.http.post(path, content=parts(), headers=bearer(shop.key) | {"Content-Type": "application/json"})
        problem(answer, 413, "request.too_large")
        assert answer.headers["connection"] == "close"  # its end was not read, so nothing may follow on it


@pytest.mark.parametrize("route", WITH_BODY)
@pytest.mark.parametrize(
    "query", ["?debug=1", "?limit", "?" + "&".join(f"a{n}=1" for n in range(200)), "?%00=1", "?a=%ff"]
)
def test_unknown_parameters_are_refused(send: Callable[..., httpx.Response], route: str, query: str) -> None:
    if route == "POST /v1/members/search" and query == "?limit":
        return
    assert refused(send(route, b"{}", query))["status"] == 422


# --- fields ----------------------------------------------------------------------------------------------------------

HOSTILE: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    2**31,
    2**63 - 1,
    2**63,
    2**64,
    -(2**63) - 1,
    10**30,
    10**400,
    1e308,
    "",
    " ",
    "\u0000",
    "a\u0000b",
    "😀" * 50,
    "\u202e\u2028\ufeff",
    "x" * 100_000,
    "'; DROP TABLE purchases; --",
    "%s%n{0}${x}",
    "../../etc/passwd",
    "NaN",
    "Infinity",
    "-0",
    "1e400",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31T23:59:59-14:00",
    "9999-12-31",
    "2026-02-30T00:00:00Z",
    "2026-06-30T23:59:60Z",
    [],
    [None],
    [[]],
    ["\u0000"],
    list(range(2000)),
    {},
    {"a": None},
    {"\u0000": 1},
    {"": {"": {"": {}}}},
]


def good_bodies(shop: Shop) -> dict[str, dict[str, Any]]:
    """A full body for each route, so that every field is there to be spoiled."""
    card = shop.enrol()["card"]
    line = make_line(1000, line="1", labels=["fair"], tax_minor=10, kind="product")
    full = {"employee": "e", "channel": "store", "coupons": ["c"], "redemptions": []}
    profile = {"given_name": "A", "family_name": "B", "email": "a@b.org", "phone": "1", "birth_date": "2000-02-29"}
    consents = [{"kind": "post", "given": True, "at": "2026-03-01T12:00:00Z", "source": "form"}]
    purchase = make_purchase(card, lines=[line], reference="fresh", **full)
    asked = {"reference": "fresh", "source": "s", "member": {"identifier": card}, "store": "1", "employee": "e"}
    asked |= {"purchase_preview": {"total_minor": 1000, "currency": "EUR", "lines": [{"amount_minor": 1000}]}}
    return {
        "POST /v1/purchases": purchase,
        "POST /v1/quotes": {name: value for name, value in purchase.items() if name != "reference"},
        "POST /v1/engagement": make_engagement(
            card, reference="fresh", store="1", employee="e", channel="web", data={"stars": 5, "of": [{"sku": "ESP"}]}
        ),
        "POST /v1/returns": {
            "reference": "fresh",
            "source": "till-1",
            "purchase": {"id": shop.buy({"card": card}, 1000)["id"], "source": "", "reference": None},
            "occurred_at": "2026-03-02T12:00:00Z",
            "lines": [{"line": "1", "quantity": 1, "amount_minor": 10}],
            "amount_minor": None,
            "all": False,
        },
        "POST /v1/redemptions": asked | {"reward": "five-off", "points": 5, "complete": True},
        "POST /v1/coupons/{code}/redeem": asked,
        "POST /v1/coupons/pools": {"code": "spring", "codes": ["fresh"], "uses": 1, "effect": {"multiplier": 2}},
        "POST /v1/members": {
            "identifiers": [{"kind": "card", "value": "fresh"}],
            "profile": profile | {"language": "de"},
            "attributes": {"a": 1},
            "consents": consents,
            "enrolled_at": "2026-01-01T00:00:00Z",
            "store": "1",
        },
        "POST /v1/members/search": {"identifier": card},
        "PATCH /v1/members/{member_id}": {"profile": profile, "attributes": {"a": 1}, "consents": consents},
        "POST /v1/members/{member_id}/suspend": {"reason": "lost"},
        "POST /v1/members/{member_id}/resume": {"reason": "found"},
        "POST /v1/members/{member_id}/close": {"reason": "moved away"},
        "POST /v1/members/{member_id}/identifiers": {"kind": "card", "value": "fresh"},
        "POST /v1/members/{member_id}/points/adjustments": {"reference": "fresh", "points": 5, "reason": "cold"},
        "POST /v1/members/{member_id}/points/move": {
            "reference": "fresh",
            "to": shop.enrol()["id"],
            "points": 1,
            "reason": "sisters",
        },
        "POST /v1/members/{member_id}/merge": {"into": shop.enrol()["id"]},
        "POST /v1/purchases/{purchase_id}/move": {"member": {"identifier": shop.enrol()["card"], "id": None}},
        "POST /v1/adjustments/{adjustment_id}/reject": {"reason": "no"},
        "POST /v1/adjustments/{adjustment_id}/reverse": {"reason": "no"},
        "POST /v1/tokens/refresh": {"refresh_token": "eyJhbGciOiJIUzI1NiJ9.e30.c2ln"},
        "POST /v1/tokens/revoke": {"token": "eyJhbGciOiJIUzI1NiJ9.e30.c2ln"},
        "POST /v1/webhooks": {"url": "https://example.org/hook", "types": ["loyalty.points.earned.v1"]},
        "PATCH /v1/webhooks/{webhook_id}": {"url": "https://example.org/", "types": None, "state": "off"},
        "POST /v1/webhooks/{webhook_id}/secret": {"overlap_hours": 1},
        "POST /v1/webhooks/{webhook_id}/replay": {
            "from": "2026-03-01T12:00:00Z",
            "until": "2026-03-02T12:00:00Z",
            "state": "failed",
        },
        "POST /v1/api-keys": {"name": "n", "scopes": ["till"], "store": "1", "expires_at": "2200-01-01T00:00:00Z"},
        "POST /v1/test-clock": {"now": "2026-03-02T12:00:00Z"},
        "POST /v1/program/plan": {"document": shop.document, "effective_at": "2200-01-01T00:00:00Z"},
        "POST /v1/program/publish": {"document": shop.document, "effective_at": "2200-01-01T00:00:00Z"},
        "PUT /v1/program/draft": shop.document | {"name": "n"},
        "POST /v1/programs": make_document(points={"expiry": {"months": 1}, "pending": {"days": 1}}),
    }


def places(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """The path of every value inside."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        yield from places(inner, (*path, name))


def spoil(value: Any, path: tuple, with_: Any) -> Any:
    """A copy with the value at ``path`` replaced."""
    if not path:
        return with_
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = spoil(value[path[0]], path[1:], with_)
    return copy


@pytest.mark.parametrize("route", sorted(set(WITH_BODY) - BATCHES))
def test_any_field_may_hold_anything_and_the_answer_is_never_a_failure(
    shop: Shop, send: Callable[..., httpx.Response], route: str
) -> None:
    """Every field of every body, fields at the top with all hostile values, those below with every fifth."""
    body = good_bodies(shop)[route]
    member = shop.enrol()["id"]
    sent = 0
    for number, path in enumerate(places(body)):
        for index, hostile in enumerate(HOSTILE):
            if (index + number) % 5 and len(path) > 1:
                continue
            sent += 1
            fresh = json.dumps(spoil(body, path, hostile)).replace("fresh", f"fresh-{sent}")
            answer = send(route.replace("{member_id}", member), fresh.encode())
            where = f"{path} = {str(hostile)[:40]!r}: {answer.status_code} {answer.text[:200]}"
            assert answer.status_code < 500, where
            if answer.status_code >= 400:
                refused(answer)
    assert sent >= len(HOSTILE)


def test_after_all_that_the_program_still_answers(shop: Shop) -> None:
    """The clock may have been set to any instant that was accepted; purchases and reads go on."""
    for instant in ("0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-03-02T12:00:00Z"):
        shop.call("POST", "/v1/test-clock", {"now": instant})
        present = shop.call("GET", "/v1/test-clock").json()["now"]
        member = shop.call("POST", "/v1/members", {})
        assert member.status_code == 201, (instant, present, member.text)
        read = shop.call("GET", f"/v1/members/{member.json()['id']}/points?expiring_within=P3660D")
        assert read.status_code == 200, (instant, present, read.text)
        bought = make_purchase("") | {"member": {"id": member.json()["id"]}, "occurred_at": present}
        answer = shop.post(bought)
        assert answer.status_code == 201, (instant, present, answer.text)
        break_off = shop.call("GET", "/v1/program")
        assert break_off.status_code == 200


async def test_whatever_was_sent_the_ledger_is_whole(shop: Shop, database: Database) -> None:
    """Good purchases among spoiled ones, one by one and in batches; then everything is proved from its rows."""
    member = shop.enrol()
    body = good_bodies(shop)["POST /v1/purchases"] | {"member": {"identifier": member["card"]}}
    spoiled = [spoil(body, path, hostile) for path in places(body) for hostile in HOSTILE[::4]]
    items = [each | {"reference": f"r{number}"} for number, each in enumerate(spoiled)]
    before = shop.buy(member, 1000)["balance"]["available"]
    answer = shop.call("POST", "/v1/purchases/batch", [*items[:500], make_purchase(member["card"])])
    results = answer.json()["results"]
    assert results[-1]["status"] == "recorded"
    event = good_bodies(shop)["POST /v1/engagement"] | {"member": {"identifier": member["card"]}}
    spoiled = [spoil(event, path, hostile) for path in places(event) for hostile in HOSTILE[1::4]]
    events = [each | {"reference": f"e{number}"} for number, each in enumerate(spoiled)]
    told = shop.call("POST", "/v1/engagement/batch", [*events, make_engagement(member["card"])]).json()["results"]
    assert told[-1]["status"] == "recorded"
    results += told
    recorded = [each["answer"]["points"]["earned"] for each in results if each["status"] == "recorded"]
    assert all(each["problem"]["status"] < 500 for each in results if each["status"] == "refused")
    assert shop.member(member["id"])["points"]["available"] == before + sum(recorded)
    assert (await verify(database)).findings == []
