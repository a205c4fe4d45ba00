"""The events of merges (pure): told to both members."""

from __future__ import annotations

from uuid import UUID

import msgspec

MERGED = "member.merged"
UNMERGED = "member.unmerged"


class MemberMerged(msgspec.Struct, frozen=True):
    """``points`` in so many lots, and a ``debt``, came over from the alias."""

    merge_id: UUID
    alias_id: UUID
    survivor_id: UUID
    points: int
    lots: int
    debt: int
    actor: str


class MemberUnmerged(msgspec.Struct, frozen=True):
    """``points`` went back to the alias; ``not_split`` ones of those that had come over were spent or expired."""

    merge_id: UUID
    alias_id: UUID
    survivor_id: UUID
    points: int
    lots: int
    not_split: int
    actor: str


_encoder = msgspec.json.Encoder()


def encode_event(event: MemberMerged | MemberUnmerged) -> bytes:
    """The event's data as JSON."""
    return _encoder.encode(event)
