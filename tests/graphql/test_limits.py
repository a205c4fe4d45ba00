"""What a document may ask for, and that nonsense is told as such: never a failure, never a stack trace."""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any
from uuid import uuid4

import httpx
import pytest

from graphql import get_introspection_query
from loyalty_api.graphql.documents import Documents, hash_of
from loyalty_api.graphql.problems import NotPersisted
from loyalty_api.graphql.schema import SCHEMA
from tests.make.phone import HOME, Phone
from tests.make.problem import problem
from tests.make.shop import Shop, bearer


@pytest.fixture
def phone(shop: Shop) -> Phone:
    """A member's phone."""
    return Phone.of(shop, shop.enrol())


def nested(depth: int) -> str:
    """A query that looks into the schema as deep as asked."""
    return "{ __schema { types { " + "ofType { " * depth + "name" + " }" * depth + " } } }"


def test_a_query_of_depth_60_is_refused(phone: Phone) -> None:
    answer = phone.send(nested(60))
    assert problem(answer, 422, "graphql.beyond_limit")["detail"].startswith("The query is 6")


def test_a_thousand_aliases_are_refused_quickly(phone: Phone) -> None:
    many = "{ viewer { " + " ".join(f"a{number}: number" for number in range(1000)) + " } }"
    assert phone.send(many).json()["errors"][0]["extensions"]["code"] == "graphql.invalid"  # too many words
    fewer = "{ viewer { " + " ".join(f"a{number}: number" for number in range(31)) + " } }"
    problem(phone.send(fewer), 422, "graphql.beyond_limit")


@pytest.mark.parametrize(
    "text",
    [
        "{ " + "viewer { number } " * 400 + "}",
        "{ " + "... { viewer { number } } " * 250 + "}",
        "{ viewer { " + "points { available } " * 400 + "} }",
        "{ viewer { " + "number " * 1900 + "} }",
        "{ viewer { ...F0 } } "
        + " ".join(f"fragment F{n} on Viewer {{ id points {{ id }} ...F{n + 1} }}" for n in range(120))
        + " fragment F120 on Viewer { id }",
    ],
    ids=range(5),
)
def test_a_field_written_over_and_over_is_refused_before_each_is_compared_with_each(phone: Phone, text: str) -> None:
    """A thousand words of them would hold everybody up for a second."""
    assert "too often" in problem(phone.send(text), 422, "graphql.beyond_limit")["detail"]
    assert phone.send(HOME).status_code == 200


def test_fragments_that_multiply_are_weighed_and_refused(phone: Phone) -> None:
    """Each doubles the one before: 2^40 fields, which nobody must count one by one."""
    lines = [f"fragment F{number} on Viewer {{ ...F{number - 1} ...F{number - 1} }}" for number in range(1, 41)]
    text = "{ viewer { ...F40 } } fragment F0 on Viewer { number } " + " ".join(lines)
    before = time.monotonic()
    problem(phone.send(text), 422, "graphql.beyond_limit")
    assert time.monotonic() - before < 5


def test_fragments_in_a_circle_are_an_error_of_the_document(phone: Phone) -> None:
    text = "{ viewer { ...A } } fragment A on Viewer { ...B } fragment B on Viewer { ...A }"
    assert "itself" in phone.errors(text)[0]["message"]


def test_fragments_that_are_deep_only_together_are_an_error_of_the_document(phone: Phone) -> None:
    """Each can be read; weighing one within the other is what goes too deep."""
    inner = [*(f"...F{number}" for number in range(1, 10)), "viewer { number }"]
    lines = [f"fragment F{n} on Query {{ {'... { ' * 60} {each} {'} ' * 60} }}" for n, each in enumerate(inner)]
    assert "deep" in phone.errors("{ ...F0 } " + " ".join(lines))[0]["message"]


def test_pages_have_a_size_and_the_cost_of_a_query_is_told_and_limited(phone: Phone) -> None:
    for first in (0, -1, 101, 2**31 - 1):
        found = phone.send(
            "query ($n: Int!) { viewer { activity(first: $n) { pageInfo { hasNextPage } } } }", variables={"n": first}
        )
        text = found.text
        assert "graphql.beyond_limit" in text or "request.invalid" in text, text
    cost = phone.send(HOME).json()["extensions"]["cost"]
    assert 100 < cost["requested"] < cost["max"]
    page = "activity(first: 100) { edges { node { id kind points change text balanceAfter { available } } } }"
    dear = "{ viewer { " + " ".join(f"a{number}: {page}" for number in range(9)) + " } }"
    assert "costs" in problem(phone.send(dear), 422, "graphql.beyond_limit")["detail"]


def test_a_page_costs_what_its_variable_says_or_its_default(phone: Phone) -> None:
    text = "query A($n: Int = 100) { viewer { activity(first: $n) { edges { node { id } } } } }"
    whole = phone.send(text).json()["extensions"]["cost"]["requested"]
    assert whole > 200
    assert phone.send(text, variables={"n": 100.0}).json()["extensions"]["cost"]["requested"] == whole
    assert phone.send(text, variables={"n": 1}).json()["extensions"]["cost"]["requested"] < whole / 20


def test_a_schema_is_asked_for_once_but_not_over_and_over(phone: Phone) -> None:
    assert phone.send(get_introspection_query()).status_code == 200
    names = [f"a{number}" for number in range(10)]
    types = " ".join(f"{name}: types {{ ...F }}" for name in names)
    fields = " ".join(f"{name}: fields {{ ...T }}" for name in names)
    ends = " ".join(f"{name}: type {{ name }}" for name in names)
    text = f"{{ __schema {{ {types} }} }} fragment F on __Type {{ {fields} }} fragment T on __Field {{ {ends} }}"
    assert "costs" in problem(phone.send(text), 422, "graphql.beyond_limit")["detail"]


def test_drawing_the_card_again_and_again_is_refused(phone: Phone) -> None:
    """A thousand drawings by thirty aliases would hold everybody up for ten seconds."""
    ten = {each: " ".join(f"a{number}: {each}" for number in range(10)) for each in ("viewer", "card", "qr")}
    text = f"{{ {ten['viewer'].replace('viewer', 'viewer { ...V }')} }} "
    text += f"fragment V on Viewer {{ {ten['card'].replace('card', 'card { ...C }')} }} "
    text += f"fragment C on Card {{ {ten['qr']} }}"
    assert "costs" in problem(phone.send(text), 422, "graphql.beyond_limit")["detail"]


NONSENSE = [
    "",
    " ",
    "{",
    "{}",
    "}",
    "query",
    "{ viewer }",
    "{ nothing }",
    "{ viewer { nothing } }",
    "{ viewer(id: 7) { number } }",
    "mutation { viewer { number } }",
    "subscription { viewer { number } }",
    '{ viewer { activity(first: "x") { edges { cursor } } } }',
    '{ viewer { activity(after: "!!") { edges { cursor } } } }',
    '{ viewer { activity(after: "eA==") { edges { cursor } } } }',
    '{ viewer { rewards(after: "eA==") { edges { cursor } } } }',
    '{ viewer { points { expiring(within: "P99999D") { at } } } }',
    '{ viewer { points { expiring(within: "\u0000") { at } } } }',
    "query A { viewer { number } } query B { viewer { number } }",
    "\u0000",
    "{ viewer { number } } # " + "x" * 1000,
    "{ " * 900,
    "[" * 1900,
]


@pytest.mark.parametrize("text", NONSENSE)
def test_nonsense_is_told_as_such(phone: Phone, text: str) -> None:
    answer = phone.send(text)
    assert answer.status_code < 500, answer.text
    assert "Traceback" not in answer.text
    assert "service.failed" not in answer.text, answer.text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"7",
        b'{"query": 7}',
        b'{"query": "{a}", "variables": []}',
        b"\xff",
        b"[" * 5000,
        b'[{"query": "{ viewer { number } }"}]',
        b'{"variables": {}}',
        b'{"extensions": {"persistedQuery": 7}}',
        b'{"query": "\\ud800"}',
    ],
)
def test_a_body_that_is_no_request_is_a_problem(phone: Phone, body: bytes) -> None:
    """A batch is none."""
    sent = bearer(phone.token) | {"Content-Type": "application/json"}
    answer = phone.http.post("/graphql", content=body, headers=sent)
    assert 400 <= answer.status_code < 500 or "errors" in answer.json(), answer.text
    assert "service.failed" not in answer.text


def test_a_body_beyond_the_limit_or_of_another_type_is_refused(phone: Phone) -> None:
    problem(phone.send("x" * 200_000), 413, "graphql.too_large")
    form = phone.http.post("/graphql", data={"query": HOME}, headers=bearer(phone.token))
    problem(form, 415, "graphql.unsupported_content")


def persisted(text: str) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": hashlib.sha256(text.encode()).hexdigest()}}


def test_a_query_that_was_sent_once_may_be_asked_by_its_hash_also_by_get(phone: Phone) -> None:
    text = "{ viewer { number } } # " + phone.token[-12:]
    unknown = phone.send(None, extensions=persisted(text))
    assert unknown.json()["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
    assert unknown.json()["errors"][0]["message"] == "PersistedQueryNotFound"
    first = phone.send(text, extensions=persisted(text)).json()["data"]
    assert phone.send(None, extensions=persisted(text)).json()["data"] == first
    asked = {"extensions": json.dumps(persisted(text))}
    by_get = phone.http.get("/graphql", params=asked, headers=bearer(phone.token))
    assert by_get.json()["data"] == first
    wrong = phone.send(text, extensions=persisted(text + " "))
    problem(wrong, 422, "request.invalid", "extensions.persistedQuery.sha256Hash")


def test_a_query_may_be_persisted_by_get_but_nothing_else(phone: Phone) -> None:
    def get(text: str, name: str | None = None) -> httpx.Response:
        asked = {"query": text, "extensions": json.dumps(persisted(name or text))}
        return phone.http.get("/graphql", params=asked, headers=bearer(phone.token))

    text = "{ viewer { number } } # by get " + phone.token[-12:]
    assert get(text).json()["data"]["viewer"]["number"]
    assert phone.send(None, extensions=persisted(text)).json()["data"]["viewer"]["number"]
    problem(get(text, text + " "), 422, "request.invalid", "extensions.persistedQuery.sha256Hash")
    change = f'mutation {{ recordEngagement(id: "{uuid4()}", kind: "app_open") {{ __typename }} }}'
    problem(get(change), 422, "graphql.wrong_method")
    assert phone.send(None, extensions=persisted(change)).json()["data"], "by POST it may come"


def test_documents_are_forgotten_when_they_are_long_together_and_wrong_ones_at_once() -> None:
    documents = Documents(SCHEMA, introspection=True)
    texts = [f"query A{number} {{ viewer {{ number }} }} # {'x' * 100_000}" for number in range(11)]
    for text in texts:
        assert not documents.prepare(text, None).errors
        assert documents.prepare(None, hash_of(text)).document is not None
    with pytest.raises(NotPersisted):
        documents.prepare(None, hash_of(texts[0]))
    assert documents.prepare(None, hash_of(texts[-1])).document is not None
    assert documents.prepare("{ nothing }", None).errors
    with pytest.raises(NotPersisted):
        documents.prepare(None, hash_of("{ nothing }"))


def test_get_takes_no_text_without_its_hash(phone: Phone) -> None:
    answer = phone.http.get("/graphql", params={"query": "{ viewer { number } }"}, headers=bearer(phone.token))
    problem(answer, 422, "graphql.wrong_method")
    assert phone.http.delete("/graphql", headers=bearer(phone.token)).status_code == 405
