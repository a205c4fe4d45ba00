"""Members over HTTP: enrol, find, change, and the identifiers they are known by."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.make.problem import problem
from tests.make.shop import LONG_AGO, Shop

ALL_KINDS = {
    "card": "4006-3813 33931",
    "phone": "030 123456",
    "email": "Ada.Lovelace@Example.ORG",
    "external_id": "CRM-7",
    "app_token": "token-7",
}


def pairs(identifiers: dict[str, str]) -> list[dict[str, str]]:
    return [{"kind": kind, "value": value} for kind, value in identifiers.items()]


def search(shop: Shop, **body: str) -> list[str]:
    answer = shop.call("POST", "/v1/members/search", body)
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()["items"]]


def test_enrolling_answers_with_the_member_and_an_empty_balance(shop: Shop) -> None:
    body = {
        "identifiers": pairs({"card": "1-2 3"}),
        "profile": {"given_name": "Ada", "birth_date": "2000-02-29", "language": "de-AT"},
        "attributes": {"vip": True, "size": 42, "note": "héllo 😀"},
        "enrolled_at": "2026-01-01T00:00:00+01:00",
        "store": "17",
    }
    answer = shop.call("POST", "/v1/members", body)
    assert answer.status_code == 201, answer.text
    member = answer.json()
    assert [(each["kind"], each["value"], each["blocked"]) for each in member["identifiers"]] == [
        ("card", "123", False)
    ]
    assert member["profile"]["given_name"] == "Ada"
    assert member["profile"]["birth_date"] == "2000-02-29"
    assert member["profile"]["family_name"] is None
    assert member["attributes"] == body["attributes"]
    assert member["enrolled_at"] == "2025-12-31T23:00:00Z"
    assert member["store"] == "17"
    assert member["points"] == {"available": 0, "pending": 0, "reserved": 0}
    next_tier = {"code": "silver", "missing": 50_000}
    assert member["tier"] == {"code": "bronze", "since": None, "next": next_tier, "keeps": None}
    assert shop.member(member["id"]) == member


def test_a_member_number_is_made_with_a_check_digit(shop: Shop) -> None:
    numbers = [shop.enrol()["number"] for _ in range(20)]
    assert len(set(numbers)) == 20
    for number in numbers:
        assert re.fullmatch(r"[1-9][0-9]{11}", number)
        doubled = [sum(divmod(2 * int(d), 10)) if index % 2 else int(d) for index, d in enumerate(reversed(number))]
        assert sum(doubled) % 10 == 0


def test_enrolling_with_only_a_phone_number_is_enough(shop: Shop) -> None:
    member = shop.enrol("phone:0151 23456789")
    assert member["identifiers"][0]["value"] == "+4915123456789"


@pytest.mark.parametrize("written", ["+49 30 123456", "030/123456", "(030) 12 34 56", "0049 30 123456", " 030123456 "])
def test_a_phone_number_is_one_however_it_is_written(shop: Shop, written: str) -> None:
    member = shop.enrol("phone:+4930123456")
    again = shop.call("POST", "/v1/members", {"identifiers": pairs({"phone": written})})
    assert (again.status_code, again.json()["id"]) == (200, member["id"])


def test_a_phone_number_belongs_to_the_region_of_the_program(make_shop: Callable[..., Shop]) -> None:
    austria = make_shop(region="AT", time_zone="Europe/Vienna")
    assert austria.enrol("phone:0660 1234567")["identifiers"][0]["value"] == "+436601234567"
    nowhere = make_shop(region=None)
    body = {"identifiers": pairs({"phone": "030 123456"})}
    problem(nowhere.call("POST", "/v1/members", body), 422, "request.invalid", "identifiers[0].value")
    assert nowhere.enrol("phone:+4930123456")["identifiers"][0]["value"] == "+4930123456"


@pytest.mark.parametrize("kind", sorted(ALL_KINDS))
def test_enrolling_a_known_identifier_answers_the_member_untouched(shop: Shop, kind: str) -> None:
    first = shop.call(
        "POST",
        "/v1/members",
        {"identifiers": pairs(ALL_KINDS), "profile": {"given_name": "Ada"}, "enrolled_at": LONG_AGO},
    ).json()
    again = shop.call(
        "POST",
        "/v1/members",
        {"identifiers": pairs({kind: ALL_KINDS[kind], "card": ALL_KINDS["card"]}), "profile": {"given_name": "Eve"}},
    )
    assert again.status_code == 200
    assert again.json() == first


def test_a_known_identifier_among_new_ones_adds_none_of_them(shop: Shop) -> None:
    member = shop.enrol("card:1")
    again = shop.call("POST", "/v1/members", {"identifiers": pairs({"card": "1", "phone": "030 123456"})})
    assert again.json()["id"] == member["id"]
    assert search(shop, identifier="phone:030 123456") == []


def test_identifiers_of_two_members_enrol_nobody(shop: Shop) -> None:
    shop.enrol("card:1")
    shop.enrol("phone:030123456")
    body = {"identifiers": pairs({"card": "1", "phone": "030123456"})}
    problem(shop.call("POST", "/v1/members", body), 409, "member.identifier_taken")


def test_the_same_identifier_twice_in_one_call_is_one(shop: Shop) -> None:
    body = {"identifiers": [*pairs({"card": "1 2"}), *pairs({"card": "12"})]}
    answer = shop.call("POST", "/v1/members", body)
    assert answer.status_code == 201
    assert len(answer.json()["identifiers"]) == 1


def test_the_same_value_of_two_kinds_are_two_identifiers(shop: Shop) -> None:
    assert shop.enrol("card:777")["id"] != shop.enrol("external_id:777")["id"]


def test_a_number_may_be_brought_along(shop: Shop) -> None:
    answer = shop.call("POST", "/v1/members", {"number": "1000 2000"})
    assert answer.json()["number"] == "10002000"
    again = shop.call("POST", "/v1/members", {"number": "10002000"})
    assert (again.status_code, again.json()["id"]) == (200, answer.json()["id"])
    twice = {"number": "1", "identifiers": pairs({"number": "2"})}
    problem(shop.call("POST", "/v1/members", twice), 422, "request.invalid", "number")


@pytest.mark.parametrize("kind", sorted(ALL_KINDS))
def test_a_member_is_found_by_each_identifier(shop: Shop, kind: str) -> None:
    member = shop.call("POST", "/v1/members", {"identifiers": pairs(ALL_KINDS)}).json()
    assert search(shop, identifier=f"{kind}:{ALL_KINDS[kind]}") == [member["id"]]
    assert search(shop, identifier=f"number:{member['number']}") == [member["id"]]
    assert search(shop, identifier=f"{kind}:+49305555555" if kind == "phone" else f"{kind}:no@body.example") == []


def test_staff_find_members_by_the_beginning_of_what_they_know(shop: Shop) -> None:
    profile = {"given_name": "Ada", "family_name": "Lovelace", "email": "ada@example.org"}
    body = {"identifiers": pairs({"card": "555000"}), "profile": profile}
    member = shop.call("POST", "/v1/members", body).json()
    for text in ("ada", "ADA", "Love", "ada@ex", "5550", member["number"][:6], "  lovelace "):
        assert search(shop, query=text) == [member["id"]], text
    for text in ("da", "ovelace", "ad_", "%da", "__", "a%", "\\", "555001"):
        assert len(text) < 2 or search(shop, query=text) == [], text


def test_a_search_asks_for_one_thing(shop: Shop) -> None:
    for body in ({}, {"identifier": "card:1", "query": "ab"}):
        problem(shop.call("POST", "/v1/members/search", body), 422, "request.invalid", "body")
    problem(shop.call("POST", "/v1/members/search", {"query": "   "}), 422, "request.invalid", "query")
    problem(shop.call("POST", "/v1/members/search", {"identifier": "abc"}), 422, "request.invalid", "identifier")


def test_a_search_is_paged_by_key_and_shows_everyone_once(shop: Shop) -> None:
    ids = [shop.call("POST", "/v1/members", {"profile": {"family_name": f"Page {n}"}}).json()["id"] for n in range(7)]
    seen: list[str] = []
    cursor = ""
    while True:
        page = shop.call("POST", f"/v1/members/search?limit=3{cursor}", {"query": "page"}).json()
        seen += [each["id"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        assert len(page["items"]) == 3
        shop.call("POST", "/v1/members", {"profile": {"family_name": "Page last"}})
        cursor = f"&cursor={page['next_cursor']}"
        ids.append("")
    assert seen[:7] == ids[:7]
    assert len(seen) == len(set(seen)) == 9  # those who joined meanwhile come last


def test_what_is_left_out_of_a_change_stays_and_null_clears(shop: Shop) -> None:
    body = {"profile": {"given_name": "Ada", "family_name": "King"}, "attributes": {"a": 1, "b": "x"}}
    member = shop.call("POST", "/v1/members", body).json()
    path = f"/v1/members/{member['id']}"
    change = {"profile": {"family_name": "Lovelace", "given_name": None}, "attributes": {"a": None, "c": False}}
    answer = shop.call("PATCH", path, change)
    assert answer.status_code == 200
    assert answer.json()["profile"]["given_name"] is None
    assert answer.json()["profile"]["family_name"] == "Lovelace"
    assert answer.json()["attributes"] == {"b": "x", "c": False}
    assert shop.call("PATCH", path, {}).json() == answer.json() == shop.member(member["id"])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"profile": {"nickname": "A"}}, "profile.nickname"),
        ({"profile": {"birth_date": "29.02.2000"}}, "profile.birth_date"),
        ({"profile": {"birth_date": "2001-02-29"}}, "profile.birth_date"),
        ({"profile": {"language": "german!"}}, "profile.language"),
        ({"profile": {"given_name": "x" * 201}}, "profile.given_name"),
        ({"profile": []}, "profile"),
        ({"attributes": {"": 1}}, "attributes"),
        ({"attributes": {f"a{n}": n for n in range(101)}}, "attributes"),
        ({"number": "1"}, "number"),
        ({"points": {"available": 10**6}}, "points"),
    ],
)
def test_a_wrong_change_names_its_field_and_changes_nothing(shop: Shop, change: dict[str, Any], field: str) -> None:
    member = shop.enrol()
    before = shop.member(member["id"])
    problem(shop.call("PATCH", f"/v1/members/{member['id']}", change), 422, "request.invalid", field)
    assert shop.member(member["id"]) == before


def test_attributes_do_not_pile_up_over_many_changes(shop: Shop) -> None:
    path = f"/v1/members/{shop.enrol()['id']}"
    assert shop.call("PATCH", path, {"attributes": {f"a{n}": n for n in range(100)}}).status_code == 200
    problem(shop.call("PATCH", path, {"attributes": {"b": 1}}), 422, "request.invalid", "attributes")
    assert shop.call("PATCH", path, {"attributes": {"a0": None, "b": 1}}).status_code == 200


@pytest.mark.parametrize(
    ("identifiers", "field"),
    [
        ([{"kind": "passport", "value": "C01X"}], "identifiers[0].value"),
        ([{"kind": "card", "value": "- -"}], "identifiers[0].value"),
        ([{"kind": "card"}], "identifiers[0].value"),
        ([{"kind": "card", "value": "1"}, {"kind": "email", "value": "ada@"}], "identifiers[1].value"),
        ([{"kind": "card", "value": "1" * 201}], "identifiers[0].value"),
        ([{"kind": "card", "value": str(n)} for n in range(21)], "identifiers"),
        (["card:1"], "identifiers[0]"),
    ],
)
def test_a_wrong_identifier_names_its_place_and_enrols_nobody(shop: Shop, identifiers: list, field: str) -> None:
    problem(shop.call("POST", "/v1/members", {"identifiers": identifiers}), 422, "request.invalid", field)
    assert search(shop, identifier="card:1") == []


def test_an_enrolment_in_the_future_is_refused(shop: Shop) -> None:
    body = {"enrolled_at": "2026-03-02T12:05:01Z"}
    problem(shop.call("POST", "/v1/members", body), 422, "request.invalid", "enrolled_at")


# --- identifiers -----------------------------------------------------------------------------------------------------


def test_an_identifier_is_added_once_and_to_one_member(shop: Shop) -> None:
    one, other = shop.enrol(), shop.enrol()
    path = f"/v1/members/{one['id']}/identifiers"
    body = {"kind": "phone", "value": "030 123456"}
    added = shop.call("POST", path, body)
    assert (added.status_code, shop.call("POST", path, body).status_code) == (201, 200)
    assert [each["value"] for each in added.json()["identifiers"] if each["kind"] == "phone"] == ["+4930123456"]
    taken = shop.call("POST", f"/v1/members/{other['id']}/identifiers", body)
    problem(taken, 409, "member.identifier_taken")
    problem(shop.call("POST", path, {"kind": "number", "value": "1"}), 422, "request.invalid", "kind")


def test_a_blocked_card_is_given_to_nobody_and_still_found_by_staff(shop: Shop) -> None:
    member, other = shop.enrol("card:lost"), shop.enrol()
    identifier = shop.member(member["id"])["identifiers"][0]
    path = f"/v1/members/{member['id']}/identifiers/{identifier['id']}"
    assert [shop.call("DELETE", path).status_code for _ in range(2)] == [204, 204]
    assert shop.member(member["id"])["identifiers"][0]["blocked"] is True
    body = {"kind": "card", "value": "lost"}
    problem(shop.call("POST", "/v1/members", {"identifiers": [body]}), 409, "member.identifier_blocked")
    problem(shop.call("POST", f"/v1/members/{member['id']}/identifiers", body), 409, "member.identifier_blocked")
    problem(shop.call("POST", f"/v1/members/{other['id']}/identifiers", body), 409, "member.identifier_taken")
    assert search(shop, identifier="card:lost") == [member["id"]]


def test_another_members_identifier_cannot_be_blocked(shop: Shop) -> None:
    member, other = shop.enrol(), shop.enrol()
    identifier = shop.member(member["id"])["identifiers"][0]
    path = f"/v1/members/{other['id']}/identifiers/{identifier['id']}"
    problem(shop.call("DELETE", path), 404, "member.identifier_not_found")
    assert shop.member(member["id"])["identifiers"][0]["blocked"] is False


@pytest.mark.parametrize("member_id", ["019a2011-0405-775b-a666-3189a5d947d4", "7", "null", "%00", "019a2011"])
def test_a_member_who_is_not_there_is_told_as_such(shop: Shop, member_id: str) -> None:
    assert shop.call("GET", f"/v1/members/{member_id}").status_code == 404
    assert shop.call("PATCH", f"/v1/members/{member_id}", {}).status_code == 404
    assert shop.call("GET", f"/v1/members/{member_id}/points").status_code == 404
    assert shop.call("GET", f"/v1/members/{member_id}/points/history").status_code == 404
    assert shop.call("GET", f"/v1/members/{member_id}/tier/history").status_code == 404


def test_a_key_of_a_store_enrols_for_that_store(shop: Shop) -> None:
    key = shop.issue_key("till", store="17")["key"]
    assert shop.call("POST", "/v1/members", {}, key=key).json()["store"] == "17"
