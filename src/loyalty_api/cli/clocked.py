"""A test program's clock that follows the receipts: set to the end of each local day before that day is posted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime
from types import TracebackType
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import msgspec

from loyalty_api.cli.posting import Row, Stopped, told_why
from loyalty_api.kernel.clock import end_of_day, local_date, rfc3339

CLOCK_SECONDS_MAX = 600  # a clock that is set answers when all is done that was due by then


class _Head(msgspec.Struct):
    occurred_at: datetime


_head = msgspec.json.Decoder(_Head)


class ProgramClock:
    """The clock of the key's program. An async context manager."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url.rstrip("/")
        self._session = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {key}"}, timeout=aiohttp.ClientTimeout(CLOCK_SECONDS_MAX)
        )

    async def __aenter__(self) -> ProgramClock:
        program = await self._call("GET", "/v1/program")
        self._zone = ZoneInfo(program["document"]["time_zone"])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._session.close()

    async def by_day(self, rows: AsyncIterator[Row]) -> AsyncIterator[list[Row]]:
        """The rows in their order, a local day at a time, each day once the clock stands at its last second.

        What belongs to an earlier day, or tells none, goes with the day that it stands in. Raises Stopped.
        """
        held: list[Row] = []
        today: date | None = None
        async for row in rows:
            day = self._day_of(row)
            if day is not None and (today is None or day > today):
                if held:
                    yield held
                    held = []
                today = day
                await self._call("POST", "/v1/test-clock", {"now": rfc3339(end_of_day(day, self._zone))})
            held.append(row)
        if held:
            yield held

    def _day_of(self, row: Row) -> date | None:
        try:
            return local_date(_head.decode(row.body).occurred_at, self._zone)
        except (msgspec.DecodeError, UnicodeDecodeError, OverflowError):
            return None  # the server will say what is wrong with it

    async def _call(self, method: str, path: str, body: Any = None) -> Any:
        try:
            async with self._session.request(method, f"{self._url}{path}", json=body) as answer:
                told = await answer.read()
                if answer.status < 300:
                    return msgspec.json.decode(told)
        except (aiohttp.ClientError, OSError, ValueError, TimeoutError) as error:
            raise Stopped(f"no server answers at {self._url}: {error}") from None
        raise Stopped(f"the clock cannot follow the receipts: {told_why(told)}")


async def each(rows: list[Row]) -> AsyncIterator[Row]:
    """The rows, one after the other."""
    for row in rows:
        yield row
