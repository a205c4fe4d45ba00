"""A shop: one program as its tills and back office see it, through the public API only."""

from __future__ import annotations

import itertools
from typing import Any

import httpx

from tests.make.engagement import make_engagement
from tests.make.program import make_document
from tests.make.purchase import make_purchase
from tests.make.reward import make_redemption

PRESENT = "2026-03-02T12:00:00Z"  # where a shop's clock stands unless a test moves it
LONG_AGO = "2020-01-01T00:00:00Z"

_cards = itertools.count(1_000_000)


class Shop:
    """Requests with the program's admin key; ``call`` returns the response, the verbs check and return its body."""

    def __init__(self, http: httpx.Client, key: str, document: dict[str, Any]) -> None:
        self.http = http
        self.key = key
        self.document = document

    @classmethod
    def open(cls, http: httpx.Client, operator_key: str, changes: dict[str, Any]) -> Shop:
        """A new program; a test program's clock stands at PRESENT."""
        document = make_document(**changes)
        answer = http.post("/v1/programs", json=document, headers=bearer(operator_key))
        assert answer.status_code == 201, answer.text
        shop = cls(http, answer.json()["key"], document)
        if document["mode"] == "test":
            shop.set_clock(PRESENT)
        return shop

    def call(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, **options: Any
    ) -> httpx.Response:
        """One request; ``key`` replaces the shop's."""
        headers = bearer(key or self.key) | options.pop("headers", {})
        if body is not None:
            options["json"] = body
        return self.http.request(method, path, headers=headers, **options)

    def set_clock(self, instant: str) -> None:
        """Sets the program's present."""
        answer = self.call("POST", "/v1/test-clock", {"now": instant})
        assert answer.status_code == 200, answer.text

    def enrol(self, *identifiers: str, **changes: Any) -> dict[str, Any]:
        """A member, long enrolled, known by ``identifiers`` (``card:1``; a fresh card unless given)."""
        named = identifiers or (f"card:{next(_cards)}",)
        pairs = [dict(zip(("kind", "value"), each.split(":", 1), strict=True)) for each in named]
        answer = self.call("POST", "/v1/members", {"identifiers": pairs, "enrolled_at": LONG_AGO} | changes)
        assert answer.status_code == 201, answer.text
        return answer.json() | {"card": named[0]}

    def post(self, purchase: dict[str, Any], **options: Any) -> httpx.Response:
        """Posts a purchase body."""
        return self.call("POST", "/v1/purchases", purchase, **options)

    def buy(self, member: dict[str, Any], amount_minor: int = 1000, **changes: Any) -> dict[str, Any]:
        """A purchase that must be recorded; the answer."""
        answer = self.post(make_purchase(member["card"], amount_minor, **changes))
        assert answer.status_code == 201, answer.text
        return answer.json()

    def engage(self, member: dict[str, Any], kind: str = "review.written", **changes: Any) -> dict[str, Any]:
        """An engagement event that must be recorded; the answer."""
        answer = self.call("POST", "/v1/engagement", make_engagement(member["card"], kind, **changes))
        assert answer.status_code == 201, answer.text
        return answer.json()

    def redeem(self, member: dict[str, Any], reward: str | None = "five-off", **changes: Any) -> dict[str, Any]:
        """A redemption that must succeed; the answer."""
        answer = self.call("POST", "/v1/redemptions", make_redemption(member["card"], reward, **changes))
        assert answer.status_code == 201, answer.text
        return answer.json()

    def points(self, member: dict[str, Any]) -> tuple[int, int]:
        """A member's points: available and reserved."""
        answer = self.call("GET", f"/v1/members/{member['id']}/points")
        assert answer.status_code == 200, answer.text
        return answer.json()["available"], answer.json()["reserved"]

    def publish(self, effective_at: str | None = None, **changes: Any) -> dict[str, Any]:
        """Publishes the shop's document with changes."""
        document = self.document | changes
        body: dict[str, Any] = {"document": document}
        if effective_at:
            body["effective_at"] = effective_at
        answer = self.call("POST", "/v1/program/publish", body)
        assert answer.status_code == 201, answer.text
        self.document = document
        return answer.json()

    def issue_key(self, *scopes: str, **changes: Any) -> dict[str, Any]:
        """A key of the program."""
        answer = self.call("POST", "/v1/api-keys", {"name": "a test", "scopes": list(scopes)} | changes)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def member(self, member_id: str) -> dict[str, Any]:
        """A member read back."""
        answer = self.call("GET", f"/v1/members/{member_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()


def bearer(key: str) -> dict[str, str]:
    """The header that carries a key."""
    return {"Authorization": f"Bearer {key}"}
