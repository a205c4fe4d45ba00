"""The notices that stand for a member now (pure). Each is named after the fact behind it, so that the same fact is the
same notice whenever it is read, and another fact another one:

- points that expire: by the newest lot that ends at the instant, as the events of expiry are given by lot; points that
  are added to it later, or an end that is put off, are a new notice;
- a tier that moved: by the number of the move;
- a reward in reach: by the member's latest redemption, so that it comes again once points were spent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from loyalty_api.domain.earning.speech import speech_to_members
from loyalty_api.domain.lifecycle.history_phrases import HISTORY
from loyalty_api.domain.points.give_notice import notice_ends
from loyalty_api.domain.points.queries import Expiring
from loyalty_api.domain.programs.queries import Program
from loyalty_api.domain.rewards.catalogue import Offered
from loyalty_api.domain.tiers.rules import name_of, rank_of
from loyalty_api.kernel.clock import local_date, microseconds

TIER_DAYS = 30  # for which a move is news
REWARDS_MAX = 5  # the dearest of those in reach


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """``kind``: ``expiring``, ``tier`` or ``reward``. ``at``: when the points expire, or the tier moved; ``points``:
    that expire, or that the reward costs."""

    id: str
    kind: str
    text: str
    at: datetime | None = None
    points: int | None = None
    tier: str | None = None
    reward: str | None = None


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What notices are made of. ``move``: the latest of the tier; ``redemption_id``: the latest."""

    expiring: Sequence[Expiring]
    move: Any
    offered: Sequence[Offered]
    redemption_id: UUID | None
    acknowledged: Collection[str]


def notices_of(program: Program, known: Known, *, now: datetime, language: str) -> list[Notice]:
    """The notices that the member has not acknowledged, the most urgent first. ``now``: the program's present."""
    told = [
        *_expiring(program, known, now, language),
        *_moved(program, known, now, language),
        *_in_reach(program, known, language),
    ]
    return [notice for notice in told if notice.id not in known.acknowledged]


def _expiring(program: Program, known: Known, now: datetime, language: str) -> Iterator[Notice]:
    until, speech = notice_ends(program, now), speech_to_members(language, program.currency)
    for each in known.expiring:
        if each.at < until:
            last = local_date(each.at - timedelta(microseconds=1), program.zone)
            text = HISTORY[language]["notice.expiring"]
            yield Notice(
                id=f"expiring.{microseconds(each.at)}.{each.lot_id.hex}",
                kind="expiring",
                text=text.format(points=speech.points(each.points), day=speech.day(last)),
                at=each.at,
                points=each.points,
            )


def _moved(program: Program, known: Known, now: datetime, language: str) -> Iterator[Notice]:
    tiers, move = program.version_at(now).document.tiers, known.move
    if tiers is None or move is None or move["recorded_at"] <= now - timedelta(days=TIER_DAYS):
        return
    rose = rank_of(tiers.levels, move["to_tier"]) > rank_of(tiers.levels, move["from_tier"])
    text = HISTORY[language]["notice.tier_reached" if rose else "notice.tier_lowered"]
    yield Notice(
        id=f"tier.{move['seq']}",
        kind="tier",
        text=text.format(name=name_of(move["to_tier"])),
        at=move["recorded_at"],
        tier=move["to_tier"],
    )


def _in_reach(program: Program, known: Known, language: str) -> Iterator[Notice]:
    speech = speech_to_members(language, program.currency)
    behind = known.redemption_id.hex if known.redemption_id else "0"
    free = [each.reward for each in known.offered if each.hindered is None and not each.reward.auto]
    priced = sorted(((reward.points, reward.code) for reward in free if reward.points), reverse=True)
    for points, code in priced[:REWARDS_MAX]:
        text = HISTORY[language]["notice.reward"].format(points=speech.points(points), name=code)
        yield Notice(id=f"reward.{code}.{behind}", kind="reward", text=text, points=points, reward=code)
