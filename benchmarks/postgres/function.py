"""One purchase as one stored function: it leaves the rows that the product leaves, one purchase a transaction.

It looks the key and the program up, the reference, the member, locks the balance, reads the tier and what left its
window, and writes; a known reference is told its first answer. What a caller would have worked out (the rules, the
answer, the event, their JSON) is passed in, ready made: PostgreSQL is compared without that work.
"""

from __future__ import annotations

from uuid import UUID

import asyncpg

from benchmarks.columns import columns_of
from benchmarks.shop import PROGRAM

NAME = "bench_purchase"

# Each parameter with its type, and where the product's rows hold its value.
PARAMETERS: dict[str, tuple[str, str]] = {
    "p_key_hash": ("bytea", "k.key_hash"),
    "p_card": ("text", "i.value"),
    "p_source": ("text", "p.source"),
    "p_reference": ("text", "p.reference"),
    "p_content_hash": ("bytea", "c.content_hash"),
    "p_occurred_at": ("timestamptz", "p.occurred_at"),
    "p_total_minor": ("bigint", "p.total_minor"),
    "p_base_minor": ("bigint", "p.base_minor"),
    "p_points": ("bigint", "p.points_earned"),
    "p_expires_at": ("timestamptz", "l.expires_at"),
    "p_lines": ("json", "p.lines"),
    "p_coupons": ("json", "p.coupons"),
    "p_earnings": ("json", "p.earnings"),
    "p_answer": ("bytea", "p.answer"),
    "p_data": ("json", "o.data"),
}
_ARGUMENTS = f"""
SELECT {", ".join(f"{place}::text AS {name}" for name, (_, place) in PARAMETERS.items())}
FROM purchases p
JOIN api_keys k ON p.actor = 'key:' || k.key_id
JOIN identifier_claims i ON i.member_id = p.member_id AND i.kind = 'card'
JOIN reference_claims c ON c.member_id = p.member_id AND c.record_id = p.purchase_id
JOIN lots l ON l.member_id = p.member_id AND l.transfer_seq = p.transfer_seq
JOIN outbox o ON o.member_id = p.member_id AND o.data ->> 'purchase_id' = p.purchase_id::text
WHERE p.member_id = $1 AND p.reference = $2
"""
# What each table gets, in the order in which the product writes; other columns: see ``columns_of``.
_INSERTS: dict[str, dict[str, str]] = {
    "reference_claims": {
        "program_id": "v_program_id",
        "source": "p_source",
        "reference": "p_reference",
        "member_id": "b.member_id",
        "record_id": "v_purchase_id",
        "content_hash": "p_content_hash",
    },
    "purchases": {
        "member_id": "b.member_id",
        "purchase_id": "v_purchase_id",
        "program_id": "v_program_id",
        "source": "p_source",
        "reference": "p_reference",
        "occurred_at": "p_occurred_at",
        "recorded_at": "b.last_recorded_at",
        "total_minor": "p_total_minor",
        "base_minor": "p_base_minor",
        "lines": "p_lines",
        "coupons": "p_coupons",
        "earnings": "p_earnings",
        "points_earned": "p_points",
        "tier": "COALESCE(v_tier, v_first_tier)",
        "transfer_seq": "b.transfer_seq",
        "answer": "p_answer",
    },
    "transfers": {
        "member_id": "b.member_id",
        "seq": "b.transfer_seq",
        "program_id": "v_program_id",
        "points": "p_points",
        "cause_id": "v_purchase_id",
        "occurred_at": "p_occurred_at",
        "recorded_at": "b.last_recorded_at",
        "spendable_after": "b.spendable",
        "pending_after": "b.pending",
        "reserved_after": "b.reserved",
        "debt_after": "b.debt",
        "hash": "b.head_hash",
    },
    "lots": {
        "member_id": "b.member_id",
        "lot_id": "uuidv7()",
        "program_id": "v_program_id",
        "transfer_seq": "b.transfer_seq",
        "points": "p_points",
        "remaining": "p_points",
        "earned_at": "p_occurred_at",
        "available_at": "p_occurred_at",
        "expires_at": "p_expires_at",
    },
    "outbox": {
        "member_id": "b.member_id",
        "seq": "b.event_seq",
        "id": "uuidv7()",
        "program_id": "v_program_id",
        "occurred_at": "p_occurred_at",
        "recorded_at": "b.last_recorded_at",
        "data": "p_data",
    },
}
_FUNCTION = """
CREATE FUNCTION <name>(<parameters>) RETURNS bytea LANGUAGE plpgsql AS $function$
DECLARE
  v_program_id uuid;
  v_member_id uuid;
  v_blocked_at timestamptz;
  v_enrolled_at timestamptz;
  v_zone text;
  v_day date;
  v_first date;
  v_last date;
  v_change bigint;
  v_first_tier text := '<first_tier>';
  v_tier text;  -- that is held before the purchase
  v_reached text;
  v_purchase_id uuid := uuidv7();
  c reference_claims;
  b balances;
  t member_tiers;
BEGIN
  SELECT program_id, time_zone INTO STRICT v_program_id, v_zone
  FROM api_keys JOIN programs USING (program_id) WHERE key_hash = p_key_hash AND revoked_at IS NULL;
  SELECT * INTO c FROM reference_claims
  WHERE program_id = v_program_id AND kind = 'purchase' AND source = p_source AND reference = p_reference;
  SELECT i.member_id, i.blocked_at, m.enrolled_at INTO STRICT v_member_id, v_blocked_at, v_enrolled_at
  FROM identifier_claims i JOIN members m USING (member_id)
  WHERE i.program_id = v_program_id AND i.kind = 'card' AND i.value = p_card;
  IF c.record_id IS NOT NULL THEN
    IF (c.member_id, c.content_hash) <> (v_member_id, p_content_hash) THEN
      RAISE 'the reference was used for another purchase';
    END IF;
    RETURN (SELECT answer FROM purchases WHERE member_id = c.member_id AND purchase_id = c.record_id);
  END IF;
  IF v_blocked_at IS NOT NULL OR p_occurred_at < v_enrolled_at THEN
    RAISE 'blocked, or before enrolment';
  END IF;
  SELECT * INTO STRICT b FROM balances WHERE member_id = v_member_id FOR UPDATE;
  v_day := (p_occurred_at AT TIME ZONE v_zone)::date;
  v_last := (now() AT TIME ZONE v_zone)::date;
  v_first := (v_last + 1 - interval '<window_months> months')::date;
  SELECT * INTO STRICT t FROM member_tiers WHERE member_id = v_member_id;
  IF (t.window_from, t.window_through) <> (v_first, v_last) THEN
    SELECT COALESCE(sum(d.value * ((d.day BETWEEN v_first AND v_last)::int
                                   - (d.day BETWEEN t.window_from AND t.window_through)::int)), 0) INTO v_change
    FROM tier_days d
    WHERE d.member_id = v_member_id
      AND (d.day >= LEAST(t.window_from, v_first) AND d.day < GREATEST(t.window_from, v_first)
           OR d.day > LEAST(t.window_through, v_last) AND d.day <= GREATEST(t.window_through, v_last));
    t.window_sum := t.window_sum + v_change;
  END IF;
  v_tier := t.tier;
  t.window_sum := t.window_sum + p_base_minor;
  t.counted_until := GREATEST(t.counted_until, p_occurred_at);
  v_reached := CASE <reached> END;
  b.last_recorded_at := GREATEST(b.last_recorded_at, now());
  b.spendable := b.spendable + p_points;
  b.transfer_seq := b.transfer_seq + 1;
  b.event_seq := b.event_seq + 1;
  b.head_hash := sha256(b.head_hash || uuid_send(b.member_id) || uuid_send(v_program_id) || uuid_send(v_purchase_id)
    || int8send(b.transfer_seq) || int8send(p_points) || timestamptz_send(p_occurred_at)
    || timestamptz_send(b.last_recorded_at) || 'earn
purchase');
  <inserts>
  UPDATE balances
  SET spendable = b.spendable, pending = b.pending, reserved = b.reserved, debt = b.debt,
      lifetime_earned = b.lifetime_earned + p_points, transfer_seq = b.transfer_seq, event_seq = b.event_seq,
      head_hash = b.head_hash, last_recorded_at = b.last_recorded_at, next_due_at = LEAST(b.next_due_at, p_expires_at),
      last_purchase_at = GREATEST(b.last_purchase_at, p_occurred_at)
  WHERE member_id = v_member_id;
  INSERT INTO tier_days (member_id, day, program_id, value) VALUES (v_member_id, v_day, v_program_id, p_base_minor)
  ON CONFLICT (member_id, day) DO UPDATE SET value = tier_days.value + EXCLUDED.value;
  IF v_reached IS DISTINCT FROM v_tier AND v_reached IS NOT NULL THEN
    t.moves := t.moves + 1;
    INSERT INTO tier_moves (member_id, seq, program_id, from_tier, to_tier, reason, value, effective_at, recorded_at)
    VALUES (v_member_id, t.moves, v_program_id, COALESCE(v_tier, v_first_tier), v_reached, 'reached', t.window_sum,
            t.counted_until, b.last_recorded_at);
    INSERT INTO tier_reviews (member_id, program_id, policy, moves) VALUES (v_member_id, v_program_id, 0, 0)
    ON CONFLICT (member_id) DO UPDATE SET policy = 0;
    t.tier := v_reached;
    t.since := t.counted_until;
  END IF;
  UPDATE member_tiers
  SET tier = t.tier, since = t.since, moves = t.moves, window_from = v_first, window_through = v_last,
      window_sum = t.window_sum, counted_until = t.counted_until
  WHERE member_id = v_member_id;
  RETURN p_answer;
END $function$
"""


async def create_function(connection: asyncpg.Connection, product: asyncpg.Connection, *, member_id: UUID) -> None:
    """Makes the function; ``member_id`` has one purchase in the product's database."""
    first, *higher = PROGRAM["tiers"]["levels"]
    inserts = []
    for table, worked_out in _INSERTS.items():
        names, values = await columns_of(product, table, worked_out, member_id=member_id)
        inserts.append(f"INSERT INTO {table} ({names}) VALUES ({values});")
    parts = {
        "<name>": NAME,
        "<parameters>": ", ".join(f"{name} {kind}" for name, (kind, _) in PARAMETERS.items()),
        "<window_months>": "12",
        "<first_tier>": first["code"],
        "<reached>": " ".join(
            f"WHEN t.window_sum >= {level['from']} THEN '{level['code']}'" for level in reversed(higher)
        ),
        "<inserts>": "\n  ".join(inserts),
    }
    statement = _FUNCTION
    for place, text in parts.items():
        statement = statement.replace(place, text)
    await connection.execute(statement)


async def arguments_of(product: asyncpg.Connection, *, member_id: UUID, reference: str) -> dict[str, str]:
    """The arguments that leave what the product's purchase left, as text by name."""
    return dict(await product.fetchrow(_ARGUMENTS, member_id, reference))


async def call(connection: asyncpg.Connection, arguments: dict[str, str]) -> bytes:
    """Records one purchase; its answer."""
    values = ", ".join(f"${place}::text::{PARAMETERS[name][0]}" for place, name in enumerate(arguments, 1))
    return await connection.fetchval(f"SELECT {NAME}({values})", *arguments.values())
