"""Round after round of one part of the worker, until it is told to stop; what came of each is told and counted."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from loyalty_api.kernel.clock import monotonic
from loyalty_api.kernel.logging import logger
from loyalty_api.kernel.refusals import Busy
from loyalty_api.worker.beats import Beats

log = logger(__name__)


async def go_round(
    job: str,
    once: Callable[[asyncio.Event], Awaitable[int]],
    stop: asyncio.Event,
    *,
    pause_seconds: float,
    beats: Beats,
    counted: str,
    ends: tuple[type[Exception], ...] = (),
) -> None:
    """Runs ``once`` until ``stop``; the round under way is finished. A database out of reach is waited for, and a round
    that fails is told of and tried again. ``counted``: what the number is of that a round gives. ``ends``: what is
    raised on, as trying again would change nothing."""
    while not stop.is_set():
        begun = monotonic()
        try:
            done = await once(stop)
            beats.ran(job, ok=True, took_seconds=monotonic() - begun, **{counted: done})
        except ends:
            raise
        except Busy as busy:
            log.warning("round_put_off", job=job, reason=busy.detail)
        except Exception as error:
            log.error("round_failed", job=job, exc_info=error)
            beats.ran(job, ok=False, took_seconds=monotonic() - begun)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause_seconds)
