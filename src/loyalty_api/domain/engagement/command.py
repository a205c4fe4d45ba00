"""An engagement event as a till or back end sends it, decoded and checked for what it alone can show to be wrong."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from loyalty_api.domain.members.presented import MemberRef, check_ref
from loyalty_api.domain.programs.document import EventKind
from loyalty_api.domain.programs.parts import ENROLLED
from loyalty_api.kernel.clock import in_utc
from loyalty_api.kernel.refusals import FieldError

DATA_KEYS_MAX = 100
DATA_BYTES_MAX = 16_384
DATA_LEVELS_MAX = 16  # as deep as conditions can read
HASH_VERSION = b"1"

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Instant = Annotated[datetime, Meta(tz=True, description="RFC 3339 with an offset, such as 2026-11-21T09:14:03Z")]
Data = Annotated[
    dict[str, Any],
    Meta(max_length=DATA_KEYS_MAX, description="facts of any shape, up to 16 KiB; conditions read them as event.data"),
]

_encoder = msgspec.json.Encoder(order="deterministic")


class Touchpoint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What happened, to whom and when: all of an engagement event but its reference."""

    member: MemberRef | msgspec.UnsetType
    kind: EventKind
    occurred_at: Instant
    source: Annotated[str, Meta(max_length=200)] = ""
    store: Name | None = None
    employee: Name | None = None
    channel: Name | None = None
    data: Data = {}

    def __post_init__(self) -> None:
        """One writing per instant: UTC. Data of a size that can be kept."""
        msgspec.structs.force_setattr(self, "occurred_at", in_utc("occurred_at", self.occurred_at))
        if not _is_within(self.data, DATA_LEVELS_MAX):
            raise ValueError(f"`data` must have at most {DATA_LEVELS_MAX} levels")
        if len(encode_data(self.data)) > DATA_BYTES_MAX:
            raise ValueError(f"`data` must take at most {DATA_BYTES_MAX:,} bytes as JSON")


class Engagement(Touchpoint, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Anything a member does besides buying: a review, a survey, a visit. ``kind`` names it, such as
    ``review.written``; rules may give points for it. ``reference`` is unique per program and ``source``, for ever.
    """

    reference: Name


class RecordEngagement(msgspec.Struct, frozen=True, kw_only=True):
    """The command: a checked event, who sends it, and when it arrived (the real present).

    ``reference`` and ``key_id`` None: the product records it itself, so that nobody can send it again.
    """

    program_id: UUID
    touchpoint: Touchpoint
    reference: str | None
    content_hash: bytes
    received_at: datetime
    key_id: UUID | None
    actor: str
    store: str | None  # of the event, or that of the key


def encode_data(data: dict[str, Any]) -> bytes:
    """The data as JSON, the names of a group in one order."""
    return _encoder.encode(data)


def content_hash(engagement: Engagement) -> bytes:
    """The content of an event without its member, who is compared once it is known who that is.

    Covers the fields that are set to something, in their normal writing, so a field that a later version adds
    changes no hash of today.
    """
    content = _encoder.encode(msgspec.structs.replace(engagement, member=msgspec.UNSET))
    return hashlib.blake2b(HASH_VERSION + content, digest_size=16).digest()


def check_engagement(engagement: Engagement) -> list[FieldError]:
    """What single fields cannot show: who is meant, and a kind that is not the caller's to record."""
    errors = check_ref(engagement.member)
    if engagement.kind == ENROLLED:
        errors.append(FieldError("kind", "is recorded by the enrolment itself; enrol the member"))
    return errors


def _is_within(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return True
    inner = value.values() if isinstance(value, dict) else value
    return levels > 0 and all(_is_within(each, levels - 1) for each in inner)
