"""The program document as types. YAML and JSON are two writings of it; field docs speak to a marketer.

``read.py`` turns a writing into these types and collects every fault; a field that is not in here is one. How points
mature, expire and return is part of the document from the start, since every lot keeps the dates that follow from it.
"""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from loyalty_api.domain.programs.parts import (
    About,
    Clock,
    Code,
    ConditionText,
    Day,
    DayOfYear,
    Days,
    EventKind,
    Factor,
    Label,
    Minor,
    Months,
    Part,
    Points,
    PositiveDays,
    Priority,
    Rate,
    Text,
    Threshold,
    Weekday,
)
from loyalty_api.domain.programs.reward import Reward

RULES_MAX = 300
REWARDS_MAX = 200


class Pending(Part):
    """When earned points become available: after ``days``, or ``until`` a named event. One of the two."""

    days: Days | None = None
    until: Text | None = None


class Expiry(Part):
    """When available points expire: one of the policies."""

    days: PositiveDays | None = None
    months: Months | None = None
    round_up_to: Literal["month_end"] | None = None
    inactivity_days: PositiveDays | None = None
    on: DayOfYear | None = None


class PointsSettings(Part):
    """How points are counted and how long they live."""

    name: Text = "points"
    rounding: Literal["floor", "nearest", "ceil"] = "floor"
    pending: Pending = Pending(days=0)
    expiry: Expiry | Literal["never"] = "never"
    on_return: Literal["allow_negative", "clamp", "pending_only"] = "allow_negative"
    return_grace_days: Days = 30
    notice_days: Days = 14
    cost_minor_per_100: Annotated[int, Meta(ge=0, le=10**9)] = 0


class PurchaseSettings(Part):
    """What to do with purchases (and events) from before the member enrolled, and with very late ones."""

    before_enrolment: Literal["refuse", "earn"] = "refuse"
    late_days: Days = 400


class RedemptionSettings(Part):
    """How long a till may keep points reserved before they are free again."""

    reserve_minutes: Annotated[int, Meta(ge=1, le=10_080)] = 30


class AdjustmentLimits(Part):
    """The most points, up or down, that a key of each scope may adjust or move at a time; not named: any number."""

    manage: Points | None = None
    admin: Points | None = None


class AdjustmentSettings(Part):
    """What staff may do to points by themselves; more than their limit waits for somebody else's approval."""

    limits: AdjustmentLimits = AdjustmentLimits()


class EngagementSettings(Part):
    """Which kinds of events phones may record by themselves; whatever gives points for one has a cap per member."""

    phone_kinds: Annotated[list[EventKind], Meta(max_length=50)] = []


class EarningBase(Part):
    """Which money earns."""

    tax: Literal["included", "excluded"] = "included"
    shipping: Literal["included", "excluded"] = "excluded"
    gift_cards: Literal["included", "excluded"] = "excluded"
    paid_with_points: Literal["included", "excluded"] = "excluded"


class Level(Part):
    """One tier: its code and the value from which it is held (reaching it exactly counts)."""

    code: Code
    from_: Threshold = msgspec.field(name="from")


class Window(Part):
    """The window of the tier measure: so many months, ending today."""

    months: Months = 12


class Downgrade(Part):
    """How far and how soon the nightly review lowers a tier that the window no longer holds: ``grace_days`` after it
    first found that, then ``one`` tier (with a grace of its own for the next) or down to what is held (``full``)."""

    grace_days: Days = 0
    steps: Literal["one", "full"] = "one"


class Tiers(Part):
    """The tiers, what they measure and over which window.

    ``spend``: minor units of the earning base; ``points_earned``: by rules that count; ``purchases``: how many.
    The window is so many months that end today, the calendar year, or all time.
    """

    levels: Annotated[list[Level], Meta(min_length=1, max_length=50)]
    measure: Literal["spend", "points_earned", "purchases"] = "spend"
    window: Window | Literal["calendar_year", "lifetime"] = Window()
    downgrade: Downgrade = Downgrade()


class LineMatch(Part):
    """Purchase lines by any of these; a line that fits one of the names given in each list counts."""

    categories: list[Label] = []
    skus: list[Label] = []
    labels: list[Label] = []


class LineScope(LineMatch):
    """The lines that a rule sees: those that match (all, if nothing is named) and are not excluded."""

    exclude: LineMatch = LineMatch()


class PerSpend(Part):
    """``points`` for every whole ``per_minor`` of the base."""

    points: Rate
    per_minor: Minor


class PerEvent(Part):
    """``points`` for each event of one kind, such as ``enrolled`` or ``review.written``."""

    kind: EventKind
    points: Points


class Hours(Part):
    """A part of the local day: ``from`` is included, ``until`` is not; ``24:00`` is the day's end."""

    from_: Clock = msgspec.field(name="from", default="00:00")
    until: Clock = "24:00"


class Schedule(Part):
    """When the rule works, in the program's zone: first and last day (inclusive), weekdays (none named: all), hours."""

    from_: Day | None = msgspec.field(name="from", default=None)
    until: Day | None = None
    weekdays: list[Weekday] = []
    hours: Hours | None = None


class MemberCap(Part):
    """The most points in so many local days, today among them; without ``days``: in all."""

    points: Points
    days: PositiveDays | None = None


class Caps(Part):
    """The most points that the rule gives: on one purchase, and to one member."""

    per_purchase: Points | None = None
    per_member: MemberCap | None = None


class Budget(Part):
    """The most points that the rule ever gives to all members together."""

    points: Points


class EarningRule(Part):
    """One rule; exactly one of ``per_spend``, ``per_unit``, ``flat``, ``per_event`` and ``multiplier``.

    Rules are walked by priority (higher first), then code. ``exclusive``: when it gives points, no other rule does;
    ``last``: when it gives points, the rules behind it give none. ``claims_lines``: wider rules do not see its lines.
    ``dry_run``: told as what each purchase by itself would have earned, since nothing is remembered of a rule that is
    not live: no rest, and no points that fill a cap per member or a budget. A cap or budget that is crossed gives the
    part that is left.
    ``when``: a condition in CEL; the rule works where it holds, and what cannot be decided (an attribute that the
    member lacks) does not hold. ``carry_over``: the rest of a step waits for the member's next purchase. ``pending``
    and ``expiry``: of the rule's own points, in place of the program's.
    """

    code: Code
    per_spend: PerSpend | None = None
    per_unit: Rate | None = None
    flat: Points | None = None
    per_event: PerEvent | None = None
    multiplier: Factor | None = None
    when: ConditionText | None = None
    lines: LineScope | None = None
    tiers: list[Code] = []
    schedule: Schedule | None = None
    priority: Priority = 0
    stacking: Literal["stackable", "exclusive", "last"] = "stackable"
    claims_lines: bool = False
    min_total_minor: Minor | None = None
    caps: Caps | None = None
    budget: Budget | None = None
    carry_over: bool = False
    counts_for_tier: bool = True
    pending: Pending | None = None
    expiry: Expiry | Literal["never"] | None = None
    state: Literal["live", "dry_run", "ended"] = "live"

    @property
    def about(self) -> About:
        """What the rule, and so its condition, looks at."""
        return "purchase" if self.per_event is None else "event"


class Document(Part):
    """A whole program. ``program``, ``mode``, ``currency``, ``time_zone`` are fixed at the first publish."""

    program: Code
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$")]
    time_zone: Text
    name: Text = ""
    mode: Literal["live", "test"] = "live"
    region: Annotated[str, Meta(pattern=r"^[A-Z]{2}$")] | None = None
    points: PointsSettings = PointsSettings()
    purchases: PurchaseSettings = PurchaseSettings()
    redemptions: RedemptionSettings = RedemptionSettings()
    adjustments: AdjustmentSettings = AdjustmentSettings()
    engagement: EngagementSettings = EngagementSettings()
    earning_base: EarningBase = EarningBase()
    tiers: Tiers | None = None
    earning_rules: Annotated[list[EarningRule], Meta(max_length=RULES_MAX)] = []
    rewards: Annotated[list[Reward], Meta(max_length=REWARDS_MAX)] = []

    @property
    def zone(self) -> ZoneInfo:
        """The program's business time zone."""
        return ZoneInfo(self.time_zone)


RULE_KINDS = ("per_spend", "per_unit", "flat", "per_event", "multiplier")
FIXED_FIELDS = ("program", "mode", "currency", "time_zone")


def encode_document(document: Document) -> bytes:
    """The document as JSON, decimals as numbers, settings at their default left out."""
    return msgspec.json.Encoder(decimal_format="number").encode(document)


def decode_document(data: bytes) -> Document:
    """A stored document. It was checked when it was published."""
    return msgspec.json.decode(data, type=Document)
