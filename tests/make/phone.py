"""A phone: one member as their app sees the product, through ``/graphql`` only."""

from __future__ import annotations

from typing import Any

import httpx

from tests.make.shop import Shop, bearer

HOME = """
query Home($activities: Int = 10) {
  viewer {
    number
    profile { givenName familyName email language enrolledAt consents { kind given decidedAt } }
    program { code name pointsName currency timeZone }
    points { available pending reserved lifetimeEarned expiring(within: "P400D") { points at } }
    tier { code name since measure progress { next missing needs until keeps } }
    activity(first: $activities) {
      edges {
        cursor
        node {
          __typename id kind points change text occurredAt recordedAt
          balanceAfter { available pending reserved }
          ... on Purchase { purchaseId reference earnings { rule points } }
          ... on Engagement { event }
          ... on Redemption { redemptionId reward }
          ... on Adjustment { adjustmentId }
        }
      }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
    rewards(first: 10) { edges { node { code kind points amount left automatic mayRedeem whyNot { code message } } } }
    setAside { redemptionId reward points amount expiresAt }
    coupons { code reward givenAt usedUp }
    advice { kind text points at reward insteadOf }
    card { qr barcode code { value expiresAt qr } }
  }
}
"""


class Phone:
    """Requests with a member's token."""

    def __init__(self, http: httpx.Client, token: str) -> None:
        self.http = http
        self.token = token

    @classmethod
    def of(cls, shop: Shop, member: dict[str, Any]) -> Phone:
        """The phone of a member whom the shop's back end signed in."""
        answer = shop.call("POST", f"/v1/members/{member['id']}/tokens")
        assert answer.status_code == 201, answer.text
        return cls(shop.http, answer.json()["access_token"])

    def send(self, query: str | None, *, headers: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        """One request."""
        body = {"query": query, **more} if query is not None else more
        return self.http.post("/graphql", json=body, headers=bearer(self.token) | (headers or {}))

    def ask(self, query: str, **variables: Any) -> Any:
        """The data of a query that must succeed."""
        answer = self.send(query, variables=variables)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert "errors" not in body, body["errors"]
        return body["data"]

    def errors(self, query: str, **more: Any) -> list[dict[str, Any]]:
        """The errors that a query must meet; never ours."""
        answer = self.send(query, **more)
        assert answer.status_code == 200, answer.text
        found = answer.json()["errors"]
        assert all(each["extensions"]["code"] != "service.failed" for each in found), found
        return found

    def code(self) -> str:
        """The code that the phone shows now, as a till sends it."""
        return self.ask("{ viewer { card { code { value } } } }")["viewer"]["card"]["code"]["value"]
