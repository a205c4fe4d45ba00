"""What a till or back end sends to redeem a reward or a coupon, decoded and checked for what it alone can show."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from loyalty_api.domain.members.presented import MemberRef, check_ref
from loyalty_api.domain.programs.parts import AMOUNT_MINOR_MAX, Code, Points
from loyalty_api.kernel.refusals import FieldError

HASH_VERSION = b"1"

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Source = Annotated[str, Meta(max_length=200)]
Amount = Annotated[int, Meta(ge=-AMOUNT_MINOR_MAX, le=AMOUNT_MINOR_MAX, description="minor units, as paid")]
Total = Annotated[int, Meta(ge=0, le=AMOUNT_MINOR_MAX, description="minor units")]


class PreviewLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of the basket; what else a purchase says of a line may stand here too."""

    amount_minor: Amount


class Preview(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The basket that is about to be paid; the body of a quote will do. Its total is all that prices look at."""

    total_minor: Total
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$")] | None = None
    lines: Annotated[list[PreviewLine], Meta(max_length=1000)] | None = None


class Asked(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Who asks, under which reference, where. ``reference`` is unique per program and ``source``, for ever."""

    reference: Name
    member: MemberRef | msgspec.UnsetType
    source: Source = ""
    store: Name | None = None
    employee: Name | None = None
    channel: Name | None = None
    purchase_preview: Preview | None = None


class Redeem(Asked, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A reward, or so many points to pay with (by the program's reward of that kind, unless ``reward`` names one).

    ``complete`` false: the points are reserved, to be completed or cancelled within the program's time.
    """

    reward: Code | None = None
    points: Points | None = None
    complete: bool = False


class UseCoupon(Asked, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A use of a coupon by a member."""


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked, by which caller, and when it arrived (the real present). ``code``: of a coupon."""

    program_id: UUID
    asked: Asked
    content_hash: bytes
    received_at: datetime
    actor: str
    store: str | None  # of what was asked, or that of the key
    code: str = ""


_encoder = msgspec.json.Encoder()


def content_hash(asked: Asked, code: str = "") -> bytes:
    """The content without its member, who is compared once it is known who that is.

    Covers the fields that are set to something, in their normal writing, so a field that a later version adds
    changes no hash of today.
    """
    content = _encoder.encode(msgspec.structs.replace(asked, member=msgspec.UNSET))
    return hashlib.blake2b(HASH_VERSION + content + code.encode(), digest_size=16).digest()


def check_asked(asked: Asked) -> list[FieldError]:
    """What single fields cannot show: who is meant, what is asked for, and a basket that does not add up."""
    errors = check_ref(asked.member)
    if isinstance(asked, Redeem) and asked.reward is None and asked.points is None:
        errors.append(FieldError("reward", "is missing: which one, or in its place points to pay with"))
    preview = asked.purchase_preview
    if preview is not None and preview.lines is not None:
        total = sum(line.amount_minor for line in preview.lines)
        if total != preview.total_minor:
            wrong = f"is {preview.total_minor}, but the lines add up to {total}"
            errors.append(FieldError("purchase_preview.total_minor", wrong))
    return errors
