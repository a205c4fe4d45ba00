"""What the worker reads and writes of webhooks: whom it serves, what waits, and how far it came.

All that one step did is one transaction with the cursor's: an event is either before the cursor and written down, or
not yet read.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from loyalty_api.domain.feed.queries import Place, read_events
from loyalty_api.domain.webhooks.cursors import move_cursor
from loyalty_api.domain.webhooks.delivery import Delivery, State, body_of
from loyalty_api.kernel.database import Connection

_ON = """
SELECT w.program_id, w.webhook_id, w.url, w.types, w.secret, w.failing_since, l.position AS last, c.held_by,
       c.held_until, CASE WHEN w.previous_until > $1 THEN w.previous_secret END AS previous_secret,
       EXISTS (SELECT FROM webhook_deliveries d
               WHERE d.webhook_id = w.webhook_id AND d.state <> 'delivered' AND d.state = 'waiting'
                 AND d.replay_of IS NOT NULL AND d.next_attempt_at <= $1) AS replays
FROM webhooks w
JOIN webhook_cursors c ON c.program_id = w.program_id AND c.webhook_id = w.webhook_id
LEFT JOIN feed_lanes l ON l.program_id = w.program_id
WHERE w.state = 'on'
"""
_WAITING = """
SELECT * FROM webhook_deliveries
WHERE webhook_id = $1 AND state <> 'delivered' AND state = 'waiting' AND replay_of IS NULL ORDER BY position, part
"""
_REPLAYS = """
SELECT * FROM webhook_deliveries
WHERE webhook_id = $1 AND state <> 'delivered' AND state = 'waiting' AND replay_of IS NOT NULL
  AND next_attempt_at <= $2 AND NOT delivery_id = ANY($3::uuid[]) ORDER BY delivery_id LIMIT $4
"""
_INSERT = """
INSERT INTO webhook_deliveries (webhook_id, program_id, position, part, event_id, type, subject, delivery_id, state,
                                attempts, attempted_at, next_attempt_at, give_up_at, status, duration_ms, error,
                                response)
SELECT $1, $2, u.* FROM unnest($3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::uuid[], $8::uuid[], $9::text[],
                               $10::bigint[], $11::timestamptz[], $12::timestamptz[], $13::timestamptz[],
                               $14::bigint[], $15::bigint[], $16::text[], $17::text[]) AS u
ON CONFLICT (webhook_id, delivery_id) DO NOTHING
"""
_UPDATE = """
UPDATE webhook_deliveries d
SET state = u.state, attempts = u.attempts, attempted_at = u.attempted_at, next_attempt_at = u.next_attempt_at,
    give_up_at = u.give_up_at, status = u.status, duration_ms = u.duration_ms, error = u.error, response = u.response
FROM unnest($2::uuid[], $3::text[], $4::bigint[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[],
            $8::bigint[], $9::bigint[], $10::text[], $11::text[])
  AS u (delivery_id, state, attempts, attempted_at, next_attempt_at, give_up_at, status, duration_ms, error, response)
WHERE d.webhook_id = $1 AND d.delivery_id = u.delivery_id
"""
_FAILING = "UPDATE webhooks SET failing_since = $3 WHERE program_id = $1 AND webhook_id = $2"
_OFF = "UPDATE webhooks SET state = 'off', reason = $3 WHERE program_id = $1 AND webhook_id = $2 AND state = 'on'"


class Hook(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook that is on. ``last``: the last place that was given in its program's feed; ``replays``: some are due;
    ``free``: no other worker holds its cursor."""

    program_id: UUID
    webhook_id: UUID
    url: str
    kinds: frozenset[str] | None
    secrets: tuple[bytes, ...]
    failing_since: datetime | None
    last: int
    replays: bool
    free: bool


class Step(msgspec.Struct, kw_only=True):
    """What is written at once. ``fresh`` and ``changed`` are rows, as they were when the step was made."""

    place: Place
    fresh: Sequence[tuple[object, ...]] = ()
    changed: Sequence[tuple[object, ...]] = ()
    failing_since: datetime | None = None
    tell_failing: bool = False
    off: str | None = None


async def hooks_on(connection: Connection, *, holder: UUID, now: datetime) -> list[Hook]:
    """Every webhook that is on, of all programs. ``now``: real time, as everywhere here."""
    return [
        Hook(
            program_id=row["program_id"],
            webhook_id=row["webhook_id"],
            url=row["url"],
            kinds=None if row["types"] is None else frozenset(row["types"]),
            secrets=tuple(each for each in (row["secret"], row["previous_secret"]) if each is not None),
            failing_since=row["failing_since"],
            last=row["last"] or 0,
            replays=row["replays"],
            free=row["held_until"] is None or row["held_until"] <= now or row["held_by"] == holder,
        )
        for row in await connection.fetch(_ON, now)
    ]


async def read_waiting(connection: Connection, hook: Hook, *, now: datetime) -> list[Delivery]:
    """What waits to be tried again, in the order of the feed, with its bodies."""
    return await _with_bodies(connection, hook, await connection.fetch(_WAITING, hook.webhook_id), now)


async def read_replays(
    connection: Connection, hook: Hook, *, known: Sequence[UUID], limit: int, now: datetime
) -> list[Delivery]:
    """Replays that are due, but for the ``known``."""
    rows = await connection.fetch(_REPLAYS, hook.webhook_id, now, list(known), limit)
    return await _with_bodies(connection, hook, rows, now)


async def write_step(connection: Connection, hook: Hook, step: Step, *, holder: UUID, until: datetime) -> None:
    """Writes what was done, and holds the cursor on. Raises HoldLost, having written nothing."""
    ids = hook.program_id, hook.webhook_id
    await move_cursor(
        connection,
        program_id=hook.program_id,
        webhook_id=hook.webhook_id,
        holder=holder,
        place=step.place,
        until=until,
    )
    if step.fresh:
        columns = map(list, zip(*step.fresh, strict=True))
        await connection.execute(_INSERT, hook.webhook_id, hook.program_id, *columns)
    if step.changed:
        await connection.execute(_UPDATE, hook.webhook_id, *map(list, zip(*step.changed, strict=True)))
    if step.tell_failing:
        await connection.execute(_FAILING, *ids, step.failing_since)
    if step.off is not None:
        await connection.execute(_OFF, *ids, step.off)


def fresh_row(delivery: Delivery) -> tuple[object, ...]:
    """A delivery as it is first written."""
    named = (*delivery.place, delivery.event_id, delivery.type, delivery.subject)
    return (*named, *changed_row(delivery))


def changed_row(delivery: Delivery) -> tuple[object, ...]:
    """What may change of a delivery that is written, behind its id."""
    return (
        delivery.delivery_id,
        delivery.state.value,
        delivery.attempts,
        delivery.attempted_at,
        delivery.next_attempt_at,
        delivery.give_up_at,
        delivery.status,
        delivery.duration_ms,
        delivery.error,
        delivery.response,
    )


async def _with_bodies(connection: Connection, hook: Hook, rows: Sequence, now: datetime) -> list[Delivery]:
    places = [Place(row["position"], row["part"]) for row in rows]
    told = await read_events(connection, program_id=hook.program_id, places=places) if places else {}
    return [
        Delivery(
            place=place,
            event_id=row["event_id"],
            type=row["type"],
            subject=row["subject"],
            body=body_of(told[place]) if place in told else None,
            read_at=now,
            state=State.WAITING,
            attempts=row["attempts"],
            attempted_at=row["attempted_at"],
            next_attempt_at=row["next_attempt_at"],
            give_up_at=row["give_up_at"],
            status=row["status"],
            duration_ms=row["duration_ms"],
            error=row["error"],
            response=row["response"],
            delivery_id=row["delivery_id"],
            replay_of=row["replay_of"],
        )
        for place, row in zip(places, rows, strict=True)
    ]
