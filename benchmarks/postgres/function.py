"""One purchase as one stored function: it leaves the rows that the product leaves.

The columns are read from the product's own tables. What is worked out per purchase stands below; every other column
gets the value that the product's own purchase left there, so a column that is added is written here too.
"""

from __future__ import annotations

import asyncpg

from benchmarks.shop import PROGRAM
from loyalty_api.tables import metadata

NAME = "bench_purchase"

_PARAMETERS = (
    "p_key_hash bytea, p_card text, p_source text, p_reference text, p_content_hash bytea, p_occurred_at timestamptz,"
    " p_total_minor bigint, p_points bigint, p_expires_at timestamptz, p_lines json, p_coupons json, p_earnings json,"
    " p_answer bytea, p_data json"
)
# What each table gets; in the order in which the product writes.
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
        "base_minor": "p_total_minor",
        "lines": "p_lines",
        "coupons": "p_coupons",
        "earnings": "p_earnings",
        "points_earned": "p_points",
        "tier": "COALESCE(v_tier, {first_tier})",
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
CREATE FUNCTION {name}({parameters}) RETURNS bytea LANGUAGE plpgsql AS $function$
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
  v_tier text;
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
  v_first := (v_last + 1 - interval '{window_months} months')::date;
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
  t.window_sum := t.window_sum + p_total_minor;
  t.counted_until := GREATEST(t.counted_until, p_occurred_at);
  v_reached := CASE {levels} END;
  b.last_recorded_at := GREATEST(b.last_recorded_at, now());
  b.spendable := b.spendable + p_points;
  b.transfer_seq := b.transfer_seq + 1;
  b.event_seq := b.event_seq + 1;
  b.head_hash := sha256(b.head_hash || uuid_send(b.member_id) || uuid_send(v_program_id) || uuid_send(v_purchase_id)
    || int8send(b.transfer_seq) || int8send(p_points) || timestamptz_send(p_occurred_at)
    || timestamptz_send(b.last_recorded_at) || 'earn
purchase');
  {inserts}
  UPDATE balances
  SET spendable = b.spendable, pending = b.pending, reserved = b.reserved, debt = b.debt,
      lifetime_earned = b.lifetime_earned + p_points, transfer_seq = b.transfer_seq, event_seq = b.event_seq,
      head_hash = b.head_hash, last_recorded_at = b.last_recorded_at, next_due_at = LEAST(b.next_due_at, p_expires_at)
  WHERE member_id = v_member_id;
  INSERT INTO tier_days (member_id, day, program_id, value) VALUES (v_member_id, v_day, v_program_id, p_total_minor)
  ON CONFLICT (member_id, day) DO UPDATE SET value = tier_days.value + EXCLUDED.value;
  IF v_reached IS DISTINCT FROM v_tier AND v_reached IS NOT NULL THEN
    t.moves := t.moves + 1;
    INSERT INTO tier_moves (member_id, seq, program_id, from_tier, to_tier, reason, value, effective_at, recorded_at)
    VALUES (v_member_id, t.moves, v_program_id, COALESCE(v_tier, {first_tier}), v_reached, 'reached', t.window_sum,
            t.counted_until, b.last_recorded_at);
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


async def create_function(connection: asyncpg.Connection, *, left: asyncpg.Connection) -> None:
    """Makes the function; ``left`` is a database in which the product recorded one purchase."""
    levels = PROGRAM["tiers"]["levels"]
    reached = " ".join(
        f"WHEN t.window_sum >= {level['from']} THEN '{level['code']}'" for level in reversed(levels[1:])
    )
    first_tier = f"'{levels[0]['code']}'"
    inserts = [await _insert(left, table, known) for table, known in _INSERTS.items()]
    await connection.execute(
        _FUNCTION.format(
            name=NAME,
            parameters=_PARAMETERS,
            window_months=12,
            levels=reached,
            first_tier=first_tier,
            inserts="\n  ".join(inserts).format(first_tier=first_tier),
        )
    )


async def _insert(left: asyncpg.Connection, table: str, known: dict[str, str]) -> str:
    names = [column.name for column in metadata.tables[table].columns]
    others = [name for name in names if name not in known]
    literals = ", ".join(f"quote_nullable({name}::text) AS {name}" for name in others)
    (row,) = await left.fetch(f"SELECT {literals} FROM {table} WHERE {_ONE_PURCHASE.get(table, 'true')}")
    values = [known[name] if name in known else row[name].replace("{", "{{").replace("}", "}}") for name in names]
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(values)});"


_ONE_PURCHASE = {"outbox": "type = 'purchase.recorded'"}
