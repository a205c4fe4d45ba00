"""The table of who may call what: every route of the REST door with the scopes it admits.

``PUBLIC`` routes ask for no key: they tell nothing of a program, or ask for a token in their body. A test compares the
table with the real routes and tries each with every wrong caller.
"""

from __future__ import annotations

PUBLIC = frozenset[str]()
_TILL = frozenset({"till", "manage", "admin"})
_READ = frozenset({"till", "read", "manage", "admin"})
_STAFF_READ = frozenset({"read", "manage", "admin"})
_MANAGE = frozenset({"manage", "admin"})
_ADMIN = frozenset({"admin"})
_OPERATOR = frozenset({"operator"})
_METRICS = frozenset({"operator", "metrics"})

PROGRAM_SCOPES = ("till", "read", "manage", "admin")
DEPLOYMENT_SCOPES = ("operator", "metrics")  # of keys that belong to no program

ADMITTED: dict[str, frozenset[str]] = {
    "GET /health/live": PUBLIC,
    "GET /health/ready": PUBLIC,
    "GET /openapi.json": PUBLIC,
    "GET /metrics": _METRICS,
    "POST /v1/members": _TILL,
    "POST /v1/members/batch": _TILL,
    "POST /v1/members/search": _READ,
    "GET /v1/members/{member_id}": _READ,
    "PATCH /v1/members/{member_id}": _TILL,
    "POST /v1/members/{member_id}/identifiers": _TILL,
    "DELETE /v1/members/{member_id}/identifiers/{identifier_id}": _TILL,
    "POST /v1/members/{member_id}/suspend": _MANAGE,
    "POST /v1/members/{member_id}/resume": _MANAGE,
    "POST /v1/members/{member_id}/close": _MANAGE,
    "POST /v1/members/{member_id}/erase": _MANAGE,
    "GET /v1/members/{member_id}/export": _MANAGE,
    "POST /v1/members/{member_id}/tokens": _MANAGE,
    "DELETE /v1/members/{member_id}/tokens": _MANAGE,
    "POST /v1/tokens/refresh": PUBLIC,
    "POST /v1/tokens/revoke": PUBLIC,
    "POST /v1/members/{member_id}/merge": _MANAGE,
    "POST /v1/merges/{merge_id}/undo": _MANAGE,
    "GET /v1/members/{member_id}/points": _READ,
    "GET /v1/members/{member_id}/points/history": _READ,
    "POST /v1/members/{member_id}/points/adjustments": _MANAGE,
    "POST /v1/members/{member_id}/points/move": _MANAGE,
    "GET /v1/adjustments": _STAFF_READ,
    "GET /v1/adjustments/{adjustment_id}": _STAFF_READ,
    "POST /v1/adjustments/{adjustment_id}/approve": _MANAGE,
    "POST /v1/adjustments/{adjustment_id}/reject": _MANAGE,
    "POST /v1/adjustments/{adjustment_id}/reverse": _MANAGE,
    "GET /v1/members/{member_id}/tier/history": _READ,
    "POST /v1/purchases": _TILL,
    "GET /v1/purchases": _READ,
    "POST /v1/purchases/batch": _TILL,
    "GET /v1/purchases/{purchase_id}": _READ,
    "GET /v1/purchases/{purchase_id}/explanation": _READ,
    "POST /v1/purchases/{purchase_id}/void": _TILL,
    "POST /v1/purchases/{purchase_id}/move": _MANAGE,
    "POST /v1/returns": _TILL,
    "GET /v1/returns/{return_id}": _READ,
    "POST /v1/quotes": _TILL,
    "GET /v1/rewards": _READ,
    "POST /v1/redemptions": _TILL,
    "GET /v1/redemptions": _READ,
    "GET /v1/redemptions/{redemption_id}": _READ,
    "POST /v1/redemptions/{redemption_id}/complete": _TILL,
    "POST /v1/redemptions/{redemption_id}/cancel": _TILL,
    "POST /v1/coupons/pools": _MANAGE,
    "GET /v1/coupons/pools": _STAFF_READ,
    "GET /v1/coupons/pools/{pool}": _STAFF_READ,
    "POST /v1/coupons/{code}/redeem": _TILL,
    "POST /v1/engagement": _TILL,
    "GET /v1/engagement": _READ,
    "POST /v1/engagement/batch": _TILL,
    "GET /v1/engagement/{engagement_id}": _READ,
    "GET /v1/events": _STAFF_READ,
    "GET /v1/members/{member_id}/loyalty": _STAFF_READ,
    "GET /v1/insight/members": _STAFF_READ,
    "GET /v1/insight/ladder": _STAFF_READ,
    "GET /v1/insight/liability": _STAFF_READ,
    "GET /v1/insight/lifetime-value": _STAFF_READ,
    "GET /v1/insight/tier-migration": _STAFF_READ,
    "GET /v1/insight/metrics": _STAFF_READ,
    "GET /v1/insight/metrics/{slug}": _STAFF_READ,
    "GET /v1/insight/cohorts": _STAFF_READ,
    "GET /v1/insight/rfm": _STAFF_READ,
    "GET /v1/webhooks": _MANAGE,
    "POST /v1/webhooks": _MANAGE,
    "GET /v1/webhooks/{webhook_id}": _MANAGE,
    "PATCH /v1/webhooks/{webhook_id}": _MANAGE,
    "DELETE /v1/webhooks/{webhook_id}": _MANAGE,
    "POST /v1/webhooks/{webhook_id}/secret": _MANAGE,
    "GET /v1/webhooks/{webhook_id}/deliveries": _MANAGE,
    "POST /v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay": _MANAGE,
    "POST /v1/webhooks/{webhook_id}/replay": _MANAGE,
    "POST /v1/openings/batch": _ADMIN,
    "GET /v1/program": _READ,
    "GET /v1/program/draft": _STAFF_READ,
    "PUT /v1/program/draft": _MANAGE,
    "POST /v1/program/plan": _MANAGE,
    "POST /v1/program/publish": _MANAGE,
    "GET /v1/program/versions": _STAFF_READ,
    "GET /v1/program/versions/{number}": _STAFF_READ,
    "GET /v1/program/dry-runs": _STAFF_READ,
    "POST /v1/programs": _OPERATOR,
    "GET /v1/test-clock": _STAFF_READ,
    "POST /v1/test-clock": _MANAGE,
    "GET /v1/api-keys": _ADMIN,
    "POST /v1/api-keys": _ADMIN,
    "DELETE /v1/api-keys/{key_id}": _ADMIN,
}
