"""The rows that ``verify`` asks for: of a page of members, each list by its name; and those that belong to nobody.

Whoever asks names a program, or NULL for all.
"""

from __future__ import annotations

from loyalty_api.domain.points.accounts import Account

COUNT = "SELECT count(*) FROM members WHERE $1::uuid IS NULL OR program_id = $1"
PAGE = """
SELECT member_id, program_id FROM members
WHERE member_id > $1 AND ($3::uuid IS NULL OR program_id = $3) ORDER BY member_id LIMIT $2
"""


def _claimed(table: str, kind: str) -> str:
    """Who holds the references of the members' rows in a table, and for what."""
    return f"""
        SELECT r.member_id, c.member_id AS claimed_by, c.record_id
        FROM {table} r
        JOIN reference_claims c ON c.program_id = r.program_id AND c.kind = {kind} AND c.source = r.source
                               AND c.reference = r.reference
        WHERE r.member_id = ANY($1::uuid[])"""


OF_MEMBERS = {
    "balances": "SELECT * FROM balances WHERE member_id = ANY($1::uuid[])",
    "transfers": "SELECT * FROM transfers WHERE member_id = ANY($1::uuid[]) ORDER BY member_id, seq",
    "lots": "SELECT * FROM lots WHERE member_id = ANY($1::uuid[])",
    "draws": "SELECT * FROM draws WHERE member_id = ANY($1::uuid[]) ORDER BY member_id, transfer_seq",
    "references": """
        SELECT p.member_id, p.purchase_id, c.member_id AS claimed_by, c.record_id, c.moved_from
        FROM purchases p
        JOIN reference_claims c ON c.program_id = p.program_id AND c.kind = 'purchase' AND c.source = p.source
                               AND c.reference = p.reference
        WHERE p.member_id = ANY($1::uuid[])""",
    "returns": "SELECT * FROM returns WHERE member_id = ANY($1::uuid[]) ORDER BY member_id, return_id",
    "return_references": _claimed("returns", "r.kind"),
    "engagements": """
        SELECT member_id, engagement_id, program_id, reference, kind, occurred_at, recorded_at, earnings, dry_runs,
               inputs, points_earned, points_pending, transfer_seq, tier_value, version, tier,
               (SELECT COALESCE(sum((e->>'points')::bigint), 0) FROM json_array_elements(earnings) e)::bigint
                 AS points_of_rules
        FROM engagements WHERE member_id = ANY($1::uuid[])""",
    "engagement_references": _claimed("engagements", "'engagement'"),
    "openings": "SELECT * FROM openings WHERE member_id = ANY($1::uuid[])",
    "opening_references": _claimed("openings", "'opening'"),
    # Of either member whose points it changes.
    "adjustments": """
        SELECT m AS of_member, a.* FROM adjustments a
        CROSS JOIN LATERAL (VALUES (a.member_id), (a.to_member_id)) AS v (m)
        WHERE (a.member_id = ANY($1::uuid[]) OR a.to_member_id = ANY($1::uuid[])) AND m = ANY($1::uuid[])""",
    "adjustment_references": _claimed("adjustments", "'adjustment'"),
    "members": "SELECT member_id, merged_into, aliases FROM members WHERE member_id = ANY($1::uuid[])",
    "merges": """
        SELECT m AS of_member, g.* FROM merges g CROSS JOIN LATERAL (VALUES (g.member_id), (g.alias_id)) AS v (m)
        WHERE (g.member_id = ANY($1::uuid[]) OR g.alias_id = ANY($1::uuid[])) AND m = ANY($1::uuid[])""",
    "alias_days": """
        SELECT m.merged_into AS of_member, d.day, d.value FROM members m JOIN tier_days d ON d.member_id = m.member_id
        WHERE m.merged_into = ANY($1::uuid[])""",
    # Whoever was merged into the members, by now perhaps not any more.
    "alias_returns": """
        SELECT DISTINCT g.member_id AS of_member, r.return_id FROM merges g JOIN returns r ON r.member_id = g.alias_id
        WHERE g.member_id = ANY($1::uuid[])""",
    "survivor_transfers": """
        SELECT DISTINCT g.alias_id AS of_member, t.member_id, t.seq, t.kind, t.points, t.cause_id
        FROM merges g JOIN transfers t ON t.member_id = g.member_id AND t.cause_kind = 'return'
        WHERE g.alias_id = ANY($1::uuid[])""",
    "tiers": "SELECT * FROM member_tiers WHERE member_id = ANY($1::uuid[])",
    "tier_days": "SELECT * FROM tier_days WHERE member_id = ANY($1::uuid[])",
    "tier_moves": "SELECT * FROM tier_moves WHERE member_id = ANY($1::uuid[]) ORDER BY member_id, seq",
    "tier_reviews": "SELECT * FROM tier_reviews WHERE member_id = ANY($1::uuid[])",
    "events": """
        SELECT member_id, count(*) AS rows, min(seq) AS first, max(seq) AS last,
               count(*) FILTER (WHERE type = 'purchase.recorded') AS purchases,
               count(*) FILTER (WHERE type = 'engagement.recorded') AS engagements,
               count(*) FILTER (WHERE type IN ('purchase.returned', 'purchase.voided')) AS returns,
               count(*) FILTER (WHERE type = 'points.opened') AS openings,
               count(*) FILTER (WHERE type IN ('points.adjusted', 'points.moved', 'points.reversed')) AS adjustments
        FROM outbox WHERE member_id = ANY($1::uuid[]) GROUP BY member_id""",
    "forgotten": "SELECT * FROM forgotten_events WHERE member_id = ANY($1::uuid[])",
    "carries": "SELECT * FROM earning_carries WHERE member_id = ANY($1::uuid[])",
    "earning_days": "SELECT * FROM earning_days WHERE member_id = ANY($1::uuid[])",
    "redemptions": """
        SELECT member_id, redemption_id, program_id, reference, reward, version, points, status, reserved_at,
               redeemed_on, expires_at, closed_at, purchase_id, transfer_seq
        FROM redemptions WHERE member_id = ANY($1::uuid[])""",
    "holds": "SELECT * FROM holds WHERE member_id = ANY($1::uuid[])",
    "coupon_uses": """
        SELECT member_id, use_id, program_id, reference, purchase_id FROM coupon_uses
        WHERE member_id = ANY($1::uuid[])""",
    "reward_references": """
        SELECT r.member_id, c.member_id AS claimed_by, c.record_id
        FROM (SELECT member_id, program_id, 'redemption' AS kind, source, reference FROM redemptions
              UNION ALL SELECT member_id, program_id, 'coupon', source, reference FROM coupon_uses) r
        JOIN reference_claims c USING (program_id, kind, source, reference)
        WHERE r.member_id = ANY($1::uuid[])""",
}
PURCHASES = """
SELECT member_id, purchase_id, program_id, reference, occurred_at, recorded_at, total_minor, base_minor, lines,
       currency, store, employee, channel, coupons, earnings, dry_runs, inputs, points_earned, points_pending,
       COALESCE(tier_value, base_minor) AS tier_value, version, tier, transfer_seq
FROM purchases WHERE member_id = ANY($1::uuid[])
"""
# What the other laws ask of a purchase; the rest is let go of as soon as it is decided again.
KEPT = ("purchase_id", "program_id", "reference", "occurred_at", "points_earned", "points_pending", "tier_value")
KEPT += ("transfer_seq", "total_minor")
NOBODYS = [
    *("balances", "transfers", "lots", "purchases", "engagements", "member_tiers", "tier_days", "tier_moves", "outbox")
]
NOBODYS += ["openings", "draws", "returns", "earning_carries", "earning_days", "redemptions", "holds", "coupon_uses"]
NOBODYS += ["tier_reviews", "adjustments", "merges", "forgotten_events"]
# What references stand for: the table of it, and the column that the claim names.
CLAIMED_FOR = {
    "purchase": ("purchases", "purchase_id"),
    "engagement": ("engagements", "engagement_id"),
    "opening": ("openings", "opening_id"),
    "adjustment": ("adjustments", "adjustment_id"),
}
# What is in transit between two members has arrived: per cause as many points went in as came out.
STRANDED = f"""
SELECT cause_id, sum(CASE WHEN to_account = {Account.IN_TRANSIT} THEN points ELSE -points END)::bigint AS points
FROM transfers
WHERE (from_account = {Account.IN_TRANSIT} OR to_account = {Account.IN_TRANSIT})
  AND ($1::uuid IS NULL OR program_id = $1)
GROUP BY cause_id
HAVING sum(CASE WHEN to_account = {Account.IN_TRANSIT} THEN points ELSE -points END) <> 0 LIMIT 100
"""
