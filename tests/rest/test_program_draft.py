"""The shared draft over HTTP: edited by several, saved on top of what was seen, published once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import asyncpg
import httpx
import pytest

from tests.make.problem import problem
from tests.make.program import BASE_RULE
from tests.make.shop import PRESENT, Shop

DRAFT = "/v1/program/draft"
DOUBLE = {"code": "base", "per_spend": {"points": 2, "per_minor": 100}}
FRIDAY = {"code": "friday", "flat": 50, "schedule": {"weekdays": ["fri"]}}
NEXT_MONTH = "2026-04-01T00:00:00Z"
SAVERS = 6
_HELD_UP = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
_IN_THE_WAY = """
INSERT INTO program_drafts (program_id, writes, base_version, changed_at, changed_by)
SELECT program_id, 9, 1, created_at, 'nobody' FROM programs WHERE code = $1
"""


def read(shop: Shop) -> tuple[dict[str, Any], str]:
    """The draft and its tag."""
    answer = shop.call("GET", DRAFT)
    assert answer.status_code == 200, answer.text
    return answer.json(), answer.headers["etag"]


def put(shop: Shop, tag: str | None, key: str | None = None, **changes: Any) -> httpx.Response:
    """Saves the shop's document with changes, on top of the tagged state."""
    headers = {} if tag is None else {"If-Match": tag}
    return shop.call("PUT", DRAFT, shop.document | changes, headers=headers, key=key)


def save(shop: Shop, **changes: Any) -> str:
    """Saves on top of what is there; the new tag."""
    answer = put(shop, read(shop)[1], **changes)
    assert answer.status_code == 200, answer.text
    return answer.headers["etag"]


def publish(shop: Shop, **body: Any) -> httpx.Response:
    return shop.call("POST", "/v1/program/publish", body)


def test_without_a_saved_draft_the_newest_version_is_told(shop: Shop) -> None:
    draft, tag = read(shop)
    assert draft == {
        "program": shop.document["program"],
        "base_version": 1,
        "newest_version": 1,
        "document": shop.document,
        "changed_at": None,
        "changed_by": None,
        "changes": [],
    }
    shop.publish(NEXT_MONTH, earning_rules=[DOUBLE])
    later, later_tag = read(shop)
    assert (later["base_version"], later["document"]) == (2, shop.document)
    assert later_tag != tag


def test_a_saved_draft_says_who_changed_what_and_changes_nothing_in_force(shop: Shop) -> None:
    editor = shop.issue_key("manage")
    answer = put(shop, read(shop)[1], key=editor["key"], earning_rules=[DOUBLE, FRIDAY])
    assert answer.status_code == 200
    draft, tag = read(shop)
    assert (answer.json(), answer.headers["etag"]) == (draft, tag)
    assert draft["document"] == shop.document | {"earning_rules": [DOUBLE, FRIDAY]}
    assert (draft["changed_at"], draft["changed_by"], draft["base_version"]) == (PRESENT, f"key:{editor['id']}", 1)
    assert [each["words"] for each in draft["changes"]] == [
        "Rule base gives 2 points per 1.00 EUR instead of 1",
        "New rule friday: 50 points per purchase, on Fridays",
    ]
    assert shop.buy(shop.enrol(), occurred_at=PRESENT)["points"]["earned"] == 10
    assert shop.call("GET", "/v1/program").json()["document"] == shop.document


def test_of_two_editors_at_once_the_second_is_told_and_nothing_is_lost(shop: Shop) -> None:
    _, seen = read(shop)
    first = put(shop, seen, earning_rules=[DOUBLE])
    assert first.status_code == 200
    refused = problem(put(shop, seen, earning_rules=[BASE_RULE, FRIDAY]), 412, "program.draft_changed")
    assert first.json()["changed_by"] in refused["detail"]
    draft, tag = read(shop)
    assert draft["document"]["earning_rules"] == [DOUBLE]
    assert put(shop, tag, earning_rules=[DOUBLE, FRIDAY]).status_code == 200


async def test_of_many_saves_on_top_of_one_state_one_gets_through(shop: Shop, database_url: str) -> None:
    """All of them are held up until each has begun, by an uncommitted row where theirs is to be."""
    _, seen = read(shop)
    blocker = await asyncpg.connect(database_url)
    holding = blocker.transaction()
    await holding.start()
    await blocker.execute(_IN_THE_WAY, shop.document["program"])
    saves = [asyncio.to_thread(put, shop, seen, name=f"Club {number}") for number in range(SAVERS)]
    waiting = asyncio.gather(*saves)
    await until_held_up(database_url, SAVERS)
    await holding.rollback()
    answers = await waiting
    await blocker.close()
    assert Counter(answer.status_code for answer in answers) == {200: 1, 412: SAVERS - 1}
    saved = next(answer for answer in answers if answer.status_code == 200)
    assert read(shop) == (saved.json(), saved.headers["etag"])


async def until_held_up(database_url: str, count: int) -> None:
    """Returns when so many statements wait for a lock; fails after ten seconds."""
    watcher = await asyncpg.connect(database_url)
    found = 0
    for _ in range(1000):
        found = await watcher.fetchval(_HELD_UP)
        if found >= count:
            break
        await asyncio.sleep(0.01)
    await watcher.close()
    assert found >= count


def test_a_save_that_does_not_say_what_it_saw_is_refused(shop: Shop) -> None:
    for tag in (None, ""):
        problem(put(shop, tag, name="Club"), 428, "request.condition_missing")
    assert read(shop)[0]["changed_at"] is None


@pytest.mark.parametrize("tag", ['"x"', "1-0", '"1-9"', "'1-0'", '"1-0', 'W/"2-0"', '"' + "x" * 4000 + '"', '"é"'])
def test_a_tag_that_is_not_the_present_one_is_refused(shop: Shop, tag: str) -> None:
    answer = shop.call("PUT", DRAFT, shop.document, headers={"If-Match": tag.encode("latin-1")})  # type: ignore[dict-item]
    problem(answer, 412, "program.draft_changed")


def test_a_tag_may_come_in_a_list_weakened_by_a_proxy_or_as_a_star(shop: Shop) -> None:
    tag = save(shop, name="1")
    assert put(shop, f'"old", {tag}', name="2").status_code == 200
    assert put(shop, f"W/{read(shop)[1]}", name="3").status_code == 200
    assert put(shop, "*", name="4").status_code == 200
    assert read(shop)[0]["document"]["name"] == "4"


def test_a_reader_who_has_this_state_already_is_told_so_without_a_body(shop: Shop) -> None:
    for change in ({}, {"name": "Club"}):
        tag = save(shop, **change)
        for known in (tag, f'"x", W/{tag}', "*"):
            answer = shop.call("GET", DRAFT, headers={"If-None-Match": known})
            assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    assert shop.call("GET", DRAFT, headers={"If-None-Match": '"1-0"'}).status_code == 200


def test_faults_are_all_told_at_their_places_and_nothing_is_saved(shop: Shop) -> None:
    _, tag = read(shop)
    faulty = put(shop, tag, currency="euro", earning_rules=[DOUBLE, {"code": "x", "flat": 0}], colour="red")
    problem(faulty, 422, "program.invalid", "currency", "earning_rules[1].flat", "colour")
    problem(put(shop, tag, currency="USD", mode="live"), 422, "program.fixed_field", "mode", "currency")
    assert read(shop)[1] == tag


def test_the_draft_is_planned_and_published_without_sending_it_again(shop: Shop) -> None:
    save(shop, earning_rules=[DOUBLE])
    plan = shop.call("POST", "/v1/program/plan", {})
    assert plan.status_code == 200
    done = publish(shop)
    assert (done.status_code, done.json()) == (201, plan.json())
    assert (done.json()["version"], done.json()["effective_at"]) == (2, PRESENT)
    assert done.json()["changes"][0]["words"] == "Rule base gives 2 points per 1.00 EUR instead of 1"
    assert shop.buy(shop.enrol(), occurred_at=PRESENT)["points"]["earned"] == 20
    draft, _ = read(shop)
    assert (draft["base_version"], draft["changed_at"], draft["changes"]) == (2, None, [])


def test_the_draft_may_take_effect_later(shop: Shop) -> None:
    save(shop, earning_rules=[DOUBLE])
    early = publish(shop, effective_at="2026-03-02T11:59:59Z")
    problem(early, 422, "program.effective_in_the_past", "effective_at")
    assert read(shop)[0]["changed_at"]
    assert publish(shop, effective_at=NEXT_MONTH).json()["effective_at"] == NEXT_MONTH
    assert shop.buy(shop.enrol(), occurred_at=PRESENT)["points"]["earned"] == 10
    assert read(shop)[0]["document"]["earning_rules"] == [DOUBLE]


def test_publishing_where_nothing_is_drafted_changes_nothing(shop: Shop) -> None:
    shop.publish(NEXT_MONTH, earning_rules=[DOUBLE])
    for _ in range(2):
        for body in ({}, {"effective_at": "2026-05-01T00:00:00Z"}):
            answer = publish(shop, **body)
            assert (answer.status_code, answer.json()) == (
                200,
                {"version": 2, "effective_at": NEXT_MONTH, "changes": []},
            )
    assert len(shop.call("GET", "/v1/program/versions").json()["items"]) == 2


def test_an_editor_who_saw_the_version_before_is_told(shop: Shop) -> None:
    _, seen = read(shop)
    shop.publish(earning_rules=[DOUBLE])
    refused = problem(put(shop, seen, name="Club"), 412, "program.draft_changed")
    assert "Version 2" in refused["detail"]
    assert read(shop)[0]["changed_at"] is None


def test_a_draft_is_not_published_over_a_version_that_it_does_not_know(shop: Shop) -> None:
    tag = save(shop, name="Club")
    shop.publish(earning_rules=[DOUBLE])  # as `apply` does; the draft lacks this
    for call in ("plan", "publish"):
        refused = problem(shop.call("POST", f"/v1/program/{call}", {}), 409, "program.draft_outdated")
        assert "version 2" in refused["detail"]
    draft, fresh = read(shop)
    assert (draft["base_version"], draft["newest_version"], draft["document"]["name"]) == (1, 2, "Club")
    assert [each["words"] for each in draft["changes"]] == [
        "The program is now called Club (before: nothing)",
        "Rule base gives 1 point per 1.00 EUR instead of 2",
    ]
    problem(put(shop, tag, name="Club"), 412, "program.draft_changed")
    assert put(shop, fresh, name="Club").json()["base_version"] == 2
    assert [each["where"] for each in publish(shop).json()["changes"]] == ["name"]
    assert shop.buy(shop.enrol(), occurred_at=PRESENT)["points"]["earned"] == 20


def test_publishing_the_drafts_own_document_is_publishing_the_draft(shop: Shop) -> None:
    save(shop, earning_rules=[DOUBLE])
    shop.publish(earning_rules=[DOUBLE])
    draft, _ = read(shop)
    assert (draft["base_version"], draft["changed_at"], draft["changes"]) == (2, None, [])


def test_saving_what_the_newest_version_says_empties_the_draft_and_its_tags_never_come_back(shop: Shop) -> None:
    tags = [read(shop)[1], save(shop, name="Club"), save(shop), save(shop, name="Club"), save(shop)]
    assert len(set(tags)) == 5
    assert read(shop)[0]["changed_at"] is None
    for tag in tags[:-1]:
        problem(put(shop, tag, name="Late"), 412, "program.draft_changed")


def test_another_program_has_a_draft_of_its_own(shop: Shop, make_shop: Callable[..., Shop]) -> None:
    other = make_shop()
    _, tag = read(other)
    save(shop, name="Secret")
    draft, unchanged = read(other)
    assert (unchanged, draft["changed_at"], draft["document"]) == (tag, None, other.document)
    problem(put(other, read(shop)[1], name="Mine"), 412, "program.draft_changed")
    foreign = other.call("PUT", DRAFT, shop.document, headers={"If-Match": "*"})
    problem(foreign, 422, "program.fixed_field", "program")
    assert publish(other).json()["changes"] == []
    assert read(shop)[0]["document"]["name"] == "Secret"


def test_a_publish_sent_again_is_answered_as_the_first(shop: Shop) -> None:
    save(shop, earning_rules=[DOUBLE])
    headers = {"Idempotency-Key": "publish-1"}
    first, again = (shop.call("POST", "/v1/program/publish", {}, headers=headers) for _ in range(2))
    assert (again.status_code, again.content, again.headers["idempotent-replayed"]) == (201, first.content, "true")


def test_an_empty_document_is_a_fault_and_not_the_draft(shop: Shop) -> None:
    save(shop, name="Club")
    problem(publish(shop, document=None), 422, "program.invalid", "document.document")
    assert len(shop.call("GET", "/v1/program/versions").json()["items"]) == 1
