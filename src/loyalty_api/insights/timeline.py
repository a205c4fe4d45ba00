"""On which days somebody bought, as bits of whole numbers (pure): years of a person in some bytes, put together with
those of their aliases, and compared, in a few operations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from typing import NamedTuple


class Timeline(NamedTuple):
    """Bit ``n``: something was bought on the day of ordinal ``start + n``; of ``twice``: by two purchases or more."""

    start: int = 0
    once: int = 0
    twice: int = 0


NEVER = Timeline()


def unpacked(first_on: date | None, once: bytes, twice: bytes) -> Timeline:
    """As the row of a member has it."""
    if first_on is None:
        return NEVER
    return Timeline(first_on.toordinal(), int.from_bytes(once, "little"), int.from_bytes(twice, "little"))


def packed(timeline: Timeline) -> tuple[date | None, date | None, bytes, bytes]:
    """(first day, last day, bits from the first day on, those of two purchases): as the row of a member has it."""
    start, once, twice = timeline
    if not once:
        return None, None, b"", b""
    gone = _lowest(once)
    first, last = start + gone, start + once.bit_length() - 1
    return date.fromordinal(first), date.fromordinal(last), _bytes(once >> gone), _bytes(twice >> gone)


def together(timelines: Iterable[Timeline]) -> Timeline:
    """Of several members as of one."""
    used = [each for each in timelines if each.once]
    if len(used) < 2:
        return used[0] if used else NEVER
    start = min(each.start for each in used)
    once = twice = 0
    for each in used:
        _, other, more = placed(each, start)
        twice |= more | (once & other)
        once |= other
    return Timeline(start, once, twice)


def changed(timeline: Timeline, purchases: Mapping[int, int]) -> Timeline:
    """With as many purchases as are told on some days, by ordinals."""
    start = min([*purchases, timeline.start] if timeline.once else purchases)
    _, once, twice = placed(timeline, start)
    for ordinal, count in purchases.items():
        bit = 1 << (ordinal - start)
        once = once | bit if count > 0 else once & ~bit
        twice = twice | bit if count > 1 else twice & ~bit
    return Timeline(start, once, twice)


def cohort_of(timeline: Timeline) -> str:
    """The month of the first day of a timeline that begins with it, 2026-03; an empty word: there is none."""
    return _month(timeline.start) if timeline.once else ""


@lru_cache(maxsize=4096)
def _month(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()[:7]


def placed(timeline: Timeline, start: int) -> Timeline:
    """The same, counted from an earlier day."""
    shift = timeline.start - start
    return Timeline(start, timeline.once << shift, timeline.twice << shift) if timeline.once else Timeline(start)


def aligned(one: Timeline, other: Timeline) -> tuple[Timeline, Timeline]:
    """Both, counted from one day."""
    start = min((each.start for each in (one, other) if each.once), default=0)
    return placed(one, start), placed(other, start)


def days_of(bits: int) -> Iterator[int]:
    """The numbers of the bits that are set, in their order."""
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low


def before(bits: int, day: int) -> int:
    """The last bit below one; -1: there is none."""
    return (bits & ((1 << day) - 1)).bit_length() - 1


def after(bits: int, day: int) -> int:
    """The first bit above one; -1: there is none."""
    rest = bits >> (day + 1)
    return day + 1 + _lowest(rest) if rest else -1


def _lowest(bits: int) -> int:
    return (bits & -bits).bit_length() - 1


def _bytes(bits: int) -> bytes:
    return bits.to_bytes((bits.bit_length() + 7) // 8, "little")
