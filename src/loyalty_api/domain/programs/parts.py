"""What the types of the document are made of: the base of its parts, and fields of one kind each."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct

POINTS_MAX = 10**12
AMOUNT_MINOR_MAX = 10**15

Code = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Text = Annotated[str, Meta(min_length=1, max_length=200)]
Label = Annotated[str, Meta(min_length=1, max_length=100)]
Points = Annotated[int, Meta(ge=1, le=POINTS_MAX)]
Minor = Annotated[int, Meta(ge=1, le=AMOUNT_MINOR_MAX)]
Threshold = Annotated[int, Meta(ge=0, le=AMOUNT_MINOR_MAX)]
Days = Annotated[int, Meta(ge=0, le=3660)]
PositiveDays = Annotated[int, Meta(ge=1, le=3660)]
Months = Annotated[int, Meta(ge=1, le=120)]
Day = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
DayOfYear = Annotated[str, Meta(pattern=r"^\d{2}-\d{2}$")]
Clock = Annotated[str, Meta(pattern=r"^\d{2}:\d{2}$")]
EVENT_KIND_PATTERN = r"^[a-z0-9][a-z0-9_.-]{0,63}$(?!\n)"  # Python's $ lets a line end follow
EventKind = Annotated[str, Meta(pattern=EVENT_KIND_PATTERN)]
ENROLLED = "enrolled"  # the kind that the enrolment itself records
ConditionText = Annotated[
    str, Meta(min_length=1, max_length=1000, description="CEL, such as member.tier == 'gold' && purchase.hour < 12")
]
Priority = Annotated[int, Meta(ge=-1000, le=1000)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
About = Literal["purchase", "event"]
Rate = Annotated[Decimal, Meta(description="more than 0, at most 6 decimals")]
Factor = Annotated[Decimal, Meta(description="0 to 1000, at most 6 decimals")]


class Part(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Base of every part of the document."""
