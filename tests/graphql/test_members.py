"""Members change what is known of them, and what they consent to."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.make.phone import Phone
from tests.make.shop import Shop

UPDATE = """
mutation ($id: UUID!, $changes: ProfileInput!) {
  updateProfile(id: $id, changes: $changes) {
    __typename ... on ProfileUpdated { profile { givenName familyName email language } }
    ... on InputInvalid { field message }
  }
}
"""
CONSENT = """
mutation ($id: UUID!, $consents: [ConsentInput!]!) {
  setConsents(id: $id, consents: $consents) {
    __typename ... on ProfileUpdated { profile { consents { kind given } } } ... on InputInvalid { field }
  }
}
"""


def update(phone: Phone, **changes: Any) -> dict[str, Any]:
    """What changing the profile answers."""
    return phone.ask(UPDATE, id=str(uuid4()), changes=changes)["updateProfile"]


def test_what_is_named_changes_null_empties_and_the_rest_stays(shop: Shop) -> None:
    member = shop.enrol(profile={"given_name": "Ada", "family_name": "Byron", "email": "ada@example.org"})
    phone = Phone.of(shop, member)
    told = update(phone, familyName="Lovelace", email=None)["profile"]
    assert told == {"givenName": "Ada", "familyName": "Lovelace", "email": None, "language": None}
    profile = shop.member(member["id"])["profile"]
    assert (profile["given_name"], profile["family_name"], profile["email"]) == ("Ada", "Lovelace", None)


def test_a_change_that_arrives_again_late_does_not_undo_what_came_after_it(shop: Shop) -> None:
    member = shop.enrol()
    phone, key = Phone.of(shop, member), str(uuid4())
    phone.ask(UPDATE, id=key, changes={"givenName": "Ada"})
    update(phone, givenName="Grace")
    again = phone.ask(UPDATE, id=key, changes={"givenName": "Ada"})["updateProfile"]
    assert again["profile"]["givenName"] == "Grace"
    reused = phone.ask(UPDATE, id=key, changes={"givenName": "Eve"})["updateProfile"]
    assert reused["__typename"] == "IdReused"
    assert shop.member(member["id"])["profile"]["given_name"] == "Grace"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"givenName": ""}, "givenName"),
        ({"givenName": "x" * 201}, "givenName"),
        ({"familyName": "a\u0000b"}, "familyName"),
        ({"language": "not a language"}, "language"),
    ],
)
def test_wrong_input_is_named_and_changes_nothing(shop: Shop, changes: dict[str, str], field: str) -> None:
    member = shop.enrol(profile={"given_name": "Ada"})
    told = update(Phone.of(shop, member), **changes)
    assert (told["__typename"], told["field"]) == ("InputInvalid", field)
    assert shop.member(member["id"])["profile"]["given_name"] == "Ada"


def test_consents_are_recorded_once_and_withdrawn(shop: Shop) -> None:
    member = shop.enrol()
    phone = Phone.of(shop, member)
    for given in (True, True, False):
        consents = [{"kind": "marketing.email", "given": given}]
        told = phone.ask(CONSENT, id=str(uuid4()), consents=consents)["setConsents"]
        assert told["profile"]["consents"] == consents
    exported = shop.call("GET", f"/v1/members/{member['id']}/export").json()["consents"]
    assert [each["given"] for each in exported] == [True, False]
    wrong = phone.ask(CONSENT, id=str(uuid4()), consents=[{"kind": "A B", "given": True}])["setConsents"]
    assert (wrong["__typename"], wrong["field"]) == ("InputInvalid", "kind")
