"""Facts that were committed, told at once to whoever waits for them.

They say that something became of a member, not what: whoever hears one reads the present. So a fact may be told twice,
late, or of a transaction that changed nothing after all, and whoever missed one is healed by the next.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple
from uuid import UUID

SPREAD_PER_SECOND = 500  # so many read the present within a second when all of them are to
SPREAD_SECONDS_MAX = 10.0


class Fact(NamedTuple):
    """``kind``: the type of an event, or another word for what became of the member."""

    member_id: UUID
    kind: str


_noted: ContextVar[list[Fact] | None] = ContextVar("noted", default=None)


def note_facts(facts: Iterable[Fact]) -> None:
    """Remembers what the work under way brings about; it is told once that is committed."""
    noted = _noted.get()
    if noted is not None:
        noted.extend(facts)


@contextmanager
def noting_facts() -> Generator[list[Fact]]:
    """What the work inside notes."""
    noted: list[Fact] = []
    token = _noted.set(noted)
    try:
        yield noted
    finally:
        _noted.reset(token)


class Ear:
    """Hears of one member. ``heard`` is what came since it was asked last."""

    def __init__(self) -> None:
        self._kinds: set[str] = set()
        self._woken = asyncio.Event()
        self._missed = False

    def hear(self, kind: str) -> None:
        """A fact of this kind."""
        self._kinds.add(kind)
        self._woken.set()

    def miss(self) -> None:
        """Facts may have been lost on their way."""
        self._missed = True
        self._woken.set()

    async def heard(self) -> frozenset[str] | None:
        """Waits for facts; their kinds. None: any kind may be among them."""
        await self._woken.wait()
        self._woken.clear()
        kinds = None if self._missed else frozenset(self._kinds)
        self._missed = False
        self._kinds.clear()
        return kinds


class Facts:
    """One per process. ``tell`` never waits and never fails."""

    def __init__(self) -> None:
        self._ears: dict[UUID, set[Ear]] = {}
        self.on_first_ear: Callable[[], None] = _nothing
        self.send_abroad: Callable[[Sequence[Fact]], None] | None = None

    def tell(self, facts: Sequence[Fact]) -> None:
        """Tells what was committed here, to this process and to the others."""
        if not facts:
            return
        if self._ears:
            self.tell_here(facts)
        if self.send_abroad is not None:
            self.send_abroad(facts)

    def tell_here(self, facts: Iterable[Fact]) -> None:
        """Tells this process alone."""
        for fact in facts:
            for ear in self._ears.get(fact.member_id, ()):
                ear.hear(fact.kind)

    def lost(self) -> None:
        """Facts may have been lost: everyone reads the present, one after the other."""
        ears = [ear for each in self._ears.values() for ear in each]
        within = min(SPREAD_SECONDS_MAX, (len(ears) - 1) / SPREAD_PER_SECOND)
        loop = asyncio.get_running_loop()
        for ear in ears:
            loop.call_later(random.uniform(0, within), ear.miss)

    @contextmanager
    def listen(self, member_id: UUID) -> Generator[Ear]:
        """Hears of a member from now on."""
        ear = Ear()
        if not self._ears:
            self.on_first_ear()
        self._ears.setdefault(member_id, set()).add(ear)
        try:
            yield ear
        finally:
            self._ears[member_id].remove(ear)
            if not self._ears[member_id]:
                del self._ears[member_id]


def _nothing() -> None:
    """Nobody is abroad."""
