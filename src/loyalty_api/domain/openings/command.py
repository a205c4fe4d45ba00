"""An opening balance as it is sent, decoded and checked for what it alone can show to be wrong."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from loyalty_api.domain.members.presented import MemberRef, check_ref
from loyalty_api.domain.programs.parts import POINTS_MAX
from loyalty_api.kernel.clock import in_utc
from loyalty_api.kernel.refusals import FieldError

HASH_VERSION = b"1"

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Instant = Annotated[datetime, Meta(tz=True, description="RFC 3339 with an offset, such as 2026-11-21T09:14:03Z")]


class Opening(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Points that a member brings along, one lot. Dates that are given are kept; those that are left out follow the
    program. ``reference`` is unique per program and ``source``, for ever.
    """

    reference: Name
    source: Annotated[str, Meta(max_length=200)] = ""
    member: MemberRef | msgspec.UnsetType
    points: Annotated[int, Meta(ge=1, le=POINTS_MAX)]
    earned_at: Instant
    available_at: Instant | None = None
    expires_at: Instant | None = None

    def __post_init__(self) -> None:
        """One writing per instant: UTC."""
        for name in ("earned_at", "available_at", "expires_at"):
            instant = getattr(self, name)
            if instant is not None:
                msgspec.structs.force_setattr(self, name, in_utc(name, instant))


class RecordOpening(msgspec.Struct, frozen=True, kw_only=True):
    """The command: a checked opening balance, who sends it, and when it arrived (the real present)."""

    program_id: UUID
    opening: Opening
    content_hash: bytes
    received_at: datetime
    key_id: UUID

    @property
    def actor(self) -> str:
        """How the row names the caller."""
        return f"key:{self.key_id}"


_encoder = msgspec.json.Encoder()


def content_hash(opening: Opening) -> bytes:
    """The content without its member, who is compared once it is known who that is; fields that are set only."""
    content = _encoder.encode(msgspec.structs.replace(opening, member=msgspec.UNSET))
    return hashlib.blake2b(HASH_VERSION + content, digest_size=16).digest()


def check_opening(opening: Opening) -> list[FieldError]:
    """What single fields cannot show: who is meant, and dates in their order."""
    errors = check_ref(opening.member)
    if opening.available_at is not None and opening.available_at < opening.earned_at:
        errors.append(FieldError("available_at", "lies before earned_at"))
    if opening.expires_at is not None and opening.expires_at <= (opening.available_at or opening.earned_at):
        errors.append(FieldError("expires_at", "must lie after the points are available"))
    return errors
