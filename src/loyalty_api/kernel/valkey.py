"""The connection to Redis or Valkey, which is optional: nothing that must not be lost goes over it.

It is given up on quickly, so that nobody waits for a server that is gone or slow; whoever uses it expects RedisError.
"""

from __future__ import annotations

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

ANSWER_SECONDS_MAX = 1.0


def open_valkey(url: str, *, answer_seconds_max: float | None = ANSWER_SECONDS_MAX) -> Redis:
    """A client of ``redis://``, ``rediss://`` or ``unix://``. Connects when first used.

    ``answer_seconds_max``: None waits for as long as it takes, for what blocks by its nature.
    """
    return Redis.from_url(
        url,
        socket_connect_timeout=ANSWER_SECONDS_MAX,
        socket_timeout=answer_seconds_max,
        retry=Retry(NoBackoff(), 0),
    )
