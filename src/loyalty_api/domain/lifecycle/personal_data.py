"""Where personal data is: the one list. Every column that can hold words stands in exactly one of these.

A test reads the catalogue and fails on a column that is in none, so whoever adds one decides here what it holds.
Erasing a member goes by ``EMPTIED`` and ``REMOVED``; what is ``NOBODYS`` stays, so that the books still balance.
"""

from __future__ import annotations

# Of the member's rows: what each personal column is set to.
EMPTIED: dict[str, dict[str, str]] = {
    "members": {"number": "'erased'", "status_reason": "NULL"},
    "member_profiles": {
        "given_name": "NULL",
        "family_name": "NULL",
        "email": "NULL",
        "phone": "NULL",
        "birth_date": "NULL",
        "language": "NULL",
        "attributes": "'{}'",
    },
    "member_statuses": {"reason": "NULL"},
    "adjustments": {"reason": "NULL", "decision": "NULL", "reversal": "NULL"},
    # Whatever a caller sent with an event. Its decision rests on results that are kept with it, not on this. That
    # nobody had asked for it stays: it names nobody, and the figures of the days before count it.
    "engagements": {
        "data": """CASE WHEN data->>'solicited' = 'false' THEN '{"solicited":false}' ELSE '{}' END::json"""
    },
}

# Rows of others whose words may speak of the member too, and the column that names the member there.
EMPTIED_ELSEWHERE = {"adjustments": "to_member_id"}

# Rows that are personal as a whole, and the column that says whose they are. The claims of identifiers go with these.
REMOVED: dict[str, str] = {
    "member_identifiers": "member_id",
    "member_consents": "member_id",
    "idempotency_keys": "subject_id",
}
CLAIMED = "identifier_claims"

# Ids, codes, amounts, hashes and names of places: of members' rows and others, what names no member. The first answers
# of purchases, returns and events hold points and words of the program's rules. ``employee`` is who served, by the
# code that the shop gives.
NOBODYS: dict[str, tuple[str, ...]] = {
    "members": ("store", "status", "aliases", "survivors"),
    "member_statuses": ("status", "actor"),
    "balances": ("head_hash",),
    "transfers": ("kind", "cause_kind", "hash"),
    "lots": ("waits_for", "expiry"),
    "member_tiers": ("tier",),
    "tier_moves": ("from_tier", "to_tier", "reason"),
    "reference_claims": ("kind", "source", "reference", "content_hash"),
    "purchases": (
        *("source", "reference", "currency", "store", "employee", "channel", "lines", "coupons", "earnings"),
        *("dry_runs", "inputs", "tier", "actor", "answer"),
    ),
    "returns": (
        *("kind", "source", "reference", "lines", "given", "by_rule", "rests", "carry_change", "actor", "answer"),
    ),
    "engagements": (
        *("source", "reference", "kind", "store", "employee", "channel", "earnings", "dry_runs", "inputs", "tier"),
        *("actor", "answer"),
    ),
    "redemptions": (
        *("source", "reference", "reward", "kind", "limited_by", "status", "pool", "code", "store", "employee"),
        *("channel", "actor", "answer"),
    ),
    "coupon_uses": ("source", "reference", "code", "pool", "store", "actor", "answer"),
    "coupon_codes": ("code", "written", "pool"),
    "coupon_pools": ("pool", "effect", "made_by"),
    "reward_stocks": ("stock",),
    "adjustments": ("source", "reference", "status", "asked_by", "decided_by", "reversed_by", "answer"),
    "merges": ("merged_by", "undone_by"),
    "openings": ("source", "reference", "actor", "answer"),
    "acknowledged_notices": ("notice",),
    "outbox": ("type", "data"),
    "feed_cursors": ("subscriber",),
    "lot_days": ("period",),
    "insight_fits": ("worth",),
    "insight_counts": ("kind", "label"),
    "insight_groups": ("grouped", "period", "label"),
    "insight_grids": ("scoring", "grid"),
    "insight_members": ("status", "enrolled_store", "enrolled_tier", "bought", "bought_twice"),
    "insight_receipts": ("store", "employee"),
    "insight_tiers": ("from_tier", "to_tier", "reason"),
    "earning_carries": ("rule",),
    "earning_days": ("rule",),
    "budget_slices": ("rule",),
    "programs": ("code", "mode", "currency", "time_zone"),
    "program_versions": ("published_by", "document"),
    "program_drafts": ("document", "changed_by"),
    "api_keys": ("name", "scopes", "store", "prefix", "key_hash"),
    "token_grants": ("granted_by",),
    "job_runs": ("job",),
    "job_counts": ("name",),
    "webhooks": ("url", "types", "state", "reason", "secret", "previous_secret", "created_by"),
    # ``response`` is the receiver's word, of which the beginning is kept for some days.
    "webhook_deliveries": ("event_id", "type", "state", "error", "response"),
    "alembic_version": ("version_num",),
}
