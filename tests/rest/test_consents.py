"""Consents: recorded with time and source, at the enrolment and later; every decision is kept."""

from __future__ import annotations

from typing import Any

import pytest

from tests.make.problem import problem
from tests.make.shop import LONG_AGO, PRESENT, Shop


def change(shop: Shop, member_id: str, *consents: dict[str, Any], **options: Any) -> Any:
    """Records consents."""
    return shop.call("PATCH", f"/v1/members/{member_id}", {"consents": list(consents)}, **options)


def test_a_consent_at_the_enrolment_is_answered_with_its_time_and_source(shop: Shop) -> None:
    consents = [
        {"kind": "marketing.email", "given": True, "at": "2026-03-01T09:00:00+01:00", "source": "web/sign-up"},
        {"kind": "marketing.sms", "given": False},
    ]
    member = shop.call("POST", "/v1/members", {"consents": consents, "enrolled_at": LONG_AGO}).json()
    email, sms = member["consents"]
    assert email == {
        "kind": "marketing.email",
        "given": True,
        "at": "2026-03-01T08:00:00Z",
        "source": "web/sign-up",
    }
    assert (sms["given"], sms["at"]) == (False, PRESENT)
    assert sms["source"].startswith("key:")
    assert shop.member(member["id"])["consents"] == member["consents"]


def test_a_withdrawn_consent_is_withdrawn_and_its_history_stays(shop: Shop) -> None:
    member_id = shop.enrol(consents=[{"kind": "marketing.email", "given": True, "source": "form"}])["id"]
    shop.set_clock("2026-03-05T00:00:00Z")
    answer = change(shop, member_id, {"kind": "marketing.email", "given": False, "source": "phone call"})
    assert [(each["given"], each["at"]) for each in answer.json()["consents"]] == [(False, "2026-03-05T00:00:00Z")]
    told = shop.call("GET", f"/v1/members/{member_id}/export").json()["consents"]
    assert [(each["given"], each["source"]) for each in told] == [(True, "form"), (False, "phone call")]


def test_a_decision_that_arrives_late_changes_nothing_of_a_later_one(shop: Shop) -> None:
    member_id = shop.enrol(consents=[{"kind": "post", "given": False, "at": "2026-03-01T00:00:00Z"}])["id"]
    late = change(shop, member_id, {"kind": "post", "given": True, "at": "2026-02-01T00:00:00Z"})
    assert [each["given"] for each in late.json()["consents"]] == [False]
    at_once = change(shop, member_id, {"kind": "post", "given": False}, {"kind": "post", "given": True})
    assert [each["given"] for each in at_once.json()["consents"]] == [True]  # of one instant, the last in order


def test_a_known_member_is_enrolled_untouched_and_a_key_records_once(shop: Shop) -> None:
    member = shop.enrol("card:known")
    body = {"identifiers": [{"kind": "card", "value": "known"}], "consents": [{"kind": "post", "given": True}]}
    assert shop.call("POST", "/v1/members", body).json()["consents"] == []
    headers = {"Idempotency-Key": "c-1"}
    for _ in range(2):
        assert change(shop, member["id"], {"kind": "post", "given": True}, headers=headers).status_code == 200
    assert len(shop.call("GET", f"/v1/members/{member['id']}/export").json()["consents"]) == 1


def test_who_is_closed_may_still_withdraw(shop: Shop) -> None:
    member_id = shop.enrol(consents=[{"kind": "post", "given": True}])["id"]
    shop.call("POST", f"/v1/members/{member_id}/close", {"reason": "asked for"})
    assert change(shop, member_id, {"kind": "post", "given": False}).json()["consents"][0]["given"] is False


@pytest.mark.parametrize(
    ("consent", "field"),
    [
        ({"given": True}, "consents[0].kind"),
        ({"kind": "post"}, "consents[0].given"),
        ({"kind": "post", "given": 1}, "consents[0].given"),
        ({"kind": "Post", "given": True}, "consents[0].kind"),
        ({"kind": "post\n", "given": True}, "consents[0].kind"),
        ({"kind": "post", "given": True, "at": "2026-03-02T12:05:01Z"}, "consents[0].at"),
        ({"kind": "post", "given": True, "at": "2026-03-02"}, "consents[0].at"),
        ({"kind": "post", "given": True, "at": "0001-01-01T00:00:00Z"}, "consents[0].at"),
        ({"kind": "post", "given": True, "source": ""}, "consents[0].source"),
        ({"kind": "post", "given": True, "source": "a\x00"}, "consents[0].source"),
        ({"kind": "post", "given": True, "who": "me"}, "consents[0].who"),
    ],
)
def test_a_wrong_consent_names_its_field_and_records_nothing(shop: Shop, consent: dict[str, Any], field: str) -> None:
    member_id = shop.enrol()["id"]
    body = {"profile": {"given_name": "Eve"}, "consents": [consent]}
    problem(shop.call("PATCH", f"/v1/members/{member_id}", body), 422, "request.invalid", field)
    problem(shop.call("POST", "/v1/members", {"consents": [consent]}), 422, "request.invalid", field)
    member = shop.member(member_id)
    assert (member["consents"], member["profile"]["given_name"]) == ([], None)
