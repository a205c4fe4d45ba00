"""Erasing a member: nothing of the person is left anywhere in the database, and the books still prove themselves."""

from __future__ import annotations

import itertools
import json
import uuid

import asyncpg
import pytest
from tests.make.engagement import make_engagement, per_event
from tests.make.problem import problem
from tests.make.program import BASE_RULE
from tests.make.purchase import make_purchase
from tests.make.shop import LONG_AGO, PRESENT, Shop

from loyalty_api.domain.lifecycle.verify import verify
from loyalty_api.kernel.database import Database
from loyalty_api.rest.spooled import IN_MEMORY_BYTES


class Person:
    """Somebody of whom no trace is anywhere else: none of the words stands for another person, or another thing."""

    def __init__(self, number: int) -> None:
        self.word = f"zyxada{uuid.uuid4().hex[:8]}q"
        self.phone = f"+4930{71_000_000 + number}"
        self.card = f"40063813{33_000_000 + number}"
        self.number = f"9128{73_000_000 + number}"
        self.born = f"18{10 + number}-12-10"
        self.traces = [self.word, self.phone, self.card, self.number, self.born]
        self.identifiers = [
            {"kind": "card", "value": self.card},
            {"kind": "phone", "value": self.phone},
            {"kind": "email", "value": f"{self.word}@example.org"},
            {"kind": "external_id", "value": f"crm-{self.word}"},
            {"kind": "app_token", "value": f"token-{self.word}"},
        ]
        self.enrolment = {
            "number": self.number,
            "identifiers": self.identifiers,
            "profile": {
                "given_name": self.word.title(),
                "family_name": f"King-{self.word}",
                "email": f"{self.word}@example.org",
                "phone": self.phone,
                "birth_date": self.born,
                "language": "en",
            },
            "attributes": {f"pet-{self.word}": "cat", "nick": self.word},
            "consents": [{"kind": "marketing.email", "given": True, "source": f"form of {self.word}"}],
            "enrolled_at": LONG_AGO,
        }
        self.id = ""  # once enrolled


_numbers = itertools.count()


async def traces(url: str, words: list[str]) -> set[str]:
    """Every column of every table of the catalogue that holds one of the words, whatever its type."""
    connection = await asyncpg.connect(url)
    columns = await connection.fetch(
        "SELECT n.nspname, c.relname, a.attname, a.atttypid = 'bytea'::regtype AS raw FROM pg_attribute a"
        " JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'm')"
        " JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
        " WHERE a.attnum > 0 AND NOT a.attisdropped AND n.nspname !~ '^pg_'"
    )
    found = set()
    for schema, table, column, raw in columns:
        text = f"encode(\"{column}\", 'escape')" if raw else f'"{column}"::text'
        for word in words:
            query = f'SELECT count(*) FROM "{schema}"."{table}" WHERE position($1 IN lower({text})) > 0'
            if await connection.fetchval(query, word.lower()):
                found.add(f"{table}.{column}")
    await connection.close()
    return found


@pytest.fixture
def ada(own_shop: Shop) -> Person:
    """A member with a life: purchases, a return, events, changes of status, a blocked card, retried writes."""
    shop, ada = own_shop, Person(next(_numbers))
    rule = per_event(5, when="event.data.text != ''")
    shop.publish(earning_rules=[BASE_RULE, rule])

    def key(name: str) -> dict[str, str]:
        return {"Idempotency-Key": f"{name}-{ada.word}"}

    member = shop.call("POST", "/v1/members", ada.enrolment, headers=key("enrol")).json()
    ada.id, member["card"] = member["id"], f"card:{ada.card}"
    path = f"/v1/members/{ada.id}"
    bought = shop.buy(member, 60_000, reference="R-1")
    back = {"reference": "B-1", "purchase": {"id": bought["id"]}, "occurred_at": "2026-03-02T11:00:00Z"}
    assert shop.call("POST", "/v1/returns", back | {"amount_minor": 1000}).status_code == 201
    told = shop.engage(member, data={"text": f"{ada.word} writes", ada.word: {"phone": ada.phone}}, occurred_at=PRESENT)
    assert told["points"]["earned"] == 5
    for name, to in (("one", "suspend"), ("two", "resume"), ("three", "suspend")):
        body = {"reason": f"{ada.word} called from {ada.phone}"}
        assert shop.call("POST", f"{path}/{to}", body, headers=key(name)).status_code == 200
    assert shop.call("PATCH", path, {"profile": {"language": "de"}}, headers=key("change")).status_code == 200
    assert shop.call("DELETE", f"{path}/identifiers/{member['identifiers'][0]['id']}").status_code == 204
    return ada


async def test_nothing_of_the_person_is_left_anywhere_and_the_books_still_prove_themselves(
    own_shop: Shop, own_database: Database, own_database_url: str, ada: Person
) -> None:
    other = own_shop.enrol()
    own_shop.buy(other)
    before = await traces(own_database_url, ada.traces)
    assert before >= {
        *("members.number", "members.status_reason", "member_statuses.reason", "member_consents.source"),
        *("member_profiles.birth_date", "member_profiles.phone", "member_profiles.attributes"),
        *("member_identifiers.value", "identifier_claims.value", "engagements.data", "idempotency_keys.key"),
    }
    path = f"/v1/members/{ada.id}"
    assert own_shop.call("POST", f"{path}/erase").status_code == 204
    assert await traces(own_database_url, ada.traces) == set()
    report = await verify(own_database)
    assert (report.found, report.findings) == (0, [])
    assert report.checked["members"] >= 2

    assert own_shop.call("POST", f"{path}/erase").status_code == 204  # again: nothing changes
    assert own_shop.buy(other)["balance"]["available"] == 20
    assert own_shop.member(other["id"])["status"] == "active"
    events = await _events(own_database, ada.id)
    assert events[-1] == "member.erased"
    assert events.count("member.erased") == 1


async def test_the_ledger_of_an_erased_member_goes_on_without_a_name(
    own_shop: Shop, own_database: Database, ada: Person
) -> None:
    async with own_database.reader() as connection:
        query = "SELECT sum(points) FROM transfers WHERE member_id = $1"
        before = await connection.fetchval(query, ada.id)
    own_shop.call("POST", f"/v1/members/{ada.id}/erase")
    async with own_database.reader() as connection:
        assert await connection.fetchval(query, ada.id) == before
    bought = own_shop.call("GET", "/v1/purchases?reference=R-1&source=store-1/till-1").json()["items"][0]
    back = {"reference": "B-2", "purchase": {"id": bought["id"]}, "occurred_at": "2026-03-02T11:30:00Z", "all": True}
    assert own_shop.call("POST", "/v1/returns", back).status_code == 201
    assert (await verify(own_database)).findings == []


def test_an_erased_member_is_gone_wherever_they_are_asked_for(own_shop: Shop, ada: Person) -> None:
    path = f"/v1/members/{ada.id}"
    own_shop.call("POST", f"{path}/erase")
    for method, address, body in (
        ("GET", path, None),
        ("PATCH", path, {"profile": {"given_name": "Ada"}}),
        ("POST", f"{path}/identifiers", {"kind": "card", "value": "again"}),
        ("POST", f"{path}/suspend", {"reason": "x"}),
        ("POST", f"{path}/resume", {}),
        ("POST", f"{path}/close", {"reason": "x"}),
        ("GET", f"{path}/export", None),
        ("GET", f"{path}/points", None),
        ("GET", f"{path}/points/history", None),
        ("POST", "/v1/purchases", make_purchase("") | {"member": {"id": ada.id}}),
        ("POST", "/v1/engagement", make_engagement("") | {"member": {"id": ada.id}}),
    ):
        problem(own_shop.call(method, address, body), 410, "member.erased")
    for each in [*ada.identifiers, {"kind": "number", "value": ada.number}]:
        body = {"identifier": f"{each['kind']}:{each['value']}"}
        assert own_shop.call("POST", "/v1/members/search", body).json()["items"] == []
    for text in (ada.word, ada.card, f"king-{ada.word}"):
        assert own_shop.call("POST", "/v1/members/search", {"query": text}).json()["items"] == []


def test_a_freed_card_is_nobodys_until_somebody_enrols_who_gets_nothing_of_the_erased(
    own_shop: Shop, ada: Person
) -> None:
    receipt = make_purchase("", reference="R-2") | {"member": {"id": ada.id}}
    own_shop.call("POST", f"/v1/members/{ada.id}/resume", {})
    first = own_shop.post(receipt)
    own_shop.call("POST", f"/v1/members/{ada.id}/erase")
    problem(own_shop.post(make_purchase(f"card:{ada.card}")), 404, "member.not_found")
    again = own_shop.post(receipt)
    assert (again.status_code, again.content) == (200, first.content)  # by the id: for ever
    headers = {"Idempotency-Key": f"enrol-{ada.word}"}
    newcomer = own_shop.call("POST", "/v1/members", {"identifiers": [ada.identifiers[0]]}, headers=headers)
    assert (newcomer.status_code, newcomer.json()["points"]["available"]) == (201, 0)
    assert newcomer.json()["id"] != ada.id
    late = make_purchase(f"card:{ada.card}", reference="R-1", occurred_at="2026-03-01T10:00:00Z")
    problem(own_shop.post(late), 409, "purchase.reference_reused")
    unseen = make_purchase(f"card:{ada.card}", occurred_at="2026-03-01T10:00:00Z")
    problem(own_shop.post(unseen), 409, "purchase.before_enrolment")


def test_an_export_tells_everything_that_is_stored(own_shop: Shop, ada: Person) -> None:
    answer = own_shop.call("GET", f"/v1/members/{ada.id}/export")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/json")
    told = answer.json()
    assert told["member"] == own_shop.member(ada.id)
    assert {each["value"] for each in told["identifiers"]} == {each["value"] for each in ada.identifiers} | {ada.number}
    assert [each["blocked_at"] is not None for each in told["identifiers"]].count(True) == 1
    assert told["consents"][0]["source"] == f"form of {ada.word}"
    assert [each["status"] for each in told["status_history"]] == ["suspended", "active", "suspended"]
    assert [each["to_tier"] for each in told["tier_moves"]] == ["silver"]
    assert told["purchases"][0]["lines"][0]["sku"] == "ESP-250"
    assert told["returns"][0]["amount_minor"] == 1000
    assert told["engagement"][0]["data"]["text"] == f"{ada.word} writes"
    assert [(each["kind"], each["points"]) for each in told["transfers"]][:2] == [("earn", 600), ("return", 10)]
    assert told["transfers"][0]["from_account"] == "issued"
    assert sum(each["remaining"] for each in told["lots"]) == told["balance"][0]["spendable"] == 595
    assert told["standing"][0]["tier"] == "silver"
    text = json.dumps(told)
    assert all(trace in text.lower() for trace in ada.traces)


def test_an_export_that_is_longer_than_what_is_held_in_memory_is_whole(own_shop: Shop) -> None:
    member = own_shop.enrol()
    texts = [f"{number} " + "ü" * 6000 for number in range(100)]
    events = [make_engagement(member["card"], data={"text": text}) for text in texts]
    results = own_shop.call("POST", "/v1/engagement/batch", events).json()["results"]
    assert len(results) == 100
    answer = own_shop.call("GET", f"/v1/members/{member['id']}/export")
    assert len(answer.content) > IN_MEMORY_BYTES
    assert [each["data"]["text"] for each in answer.json()["engagement"]] == texts


async def _events(database: Database, member_id: str) -> list[str]:
    async with database.reader() as connection:
        rows = await connection.fetch("SELECT type FROM outbox WHERE member_id = $1 ORDER BY seq", member_id)
    return [row["type"] for row in rows]
