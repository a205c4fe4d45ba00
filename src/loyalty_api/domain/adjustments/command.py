"""What staff ask for, decoded and checked for what it alone can show to be wrong."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from loyalty_api.domain.programs.parts import POINTS_MAX
from loyalty_api.kernel.refusals import FieldError

HASH_VERSION = b"1"

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Reason = Annotated[str, Meta(min_length=1, max_length=500, description="for the history and the audit")]


class Adjust(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Points to give (above zero) or take (below zero). ``reference`` is unique per program and ``source``, for ever.

    What is given is available at once and lives as long as points that are earned now; what is taken expires soonest.
    """

    reference: Name
    source: Annotated[str, Meta(max_length=200)] = ""
    points: Annotated[int, Meta(ge=-POINTS_MAX, le=POINTS_MAX)]
    reason: Reason


class Move(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Available points to move ``to`` another member of the program, those that expire soonest, with their dates."""

    reference: Name
    source: Annotated[str, Meta(max_length=200)] = ""
    to: UUID
    points: Annotated[int, Meta(ge=1, le=POINTS_MAX)]
    reason: Reason


class Because(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why."""

    reason: Reason

    def __post_init__(self) -> None:
        """A reason says something."""
        if not self.reason.strip():
            raise ValueError("`reason` must say something")


class RecordAdjustment(msgspec.Struct, frozen=True, kw_only=True):
    """The command: whose points, what is asked, by whom with which scopes, and when it arrived (the real present)."""

    program_id: UUID
    member_id: UUID
    asked: Adjust | Move
    content_hash: bytes
    received_at: datetime
    scopes: frozenset[str]
    actor: str

    @property
    def to_member_id(self) -> UUID | None:
        """Who gets the points; None: the program gives or takes them."""
        return self.asked.to if isinstance(self.asked, Move) else None


_encoder = msgspec.json.Encoder()


def content_hash(asked: Adjust | Move) -> bytes:
    """The content: the fields that are set to something, in their normal writing."""
    return hashlib.blake2b(HASH_VERSION + _encoder.encode(asked), digest_size=16).digest()


def check_asked(asked: Adjust | Move) -> list[FieldError]:
    """What single fields cannot show: nothing is asked for, or no reason is told."""
    errors = []
    if not asked.points:
        errors.append(FieldError("points", "must not be 0"))
    if not asked.reason.strip():
        errors.append(FieldError("reason", "must say something"))
    return errors
