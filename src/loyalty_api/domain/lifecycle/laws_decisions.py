"""The laws of decisions: each purchase, decided again from its row, must come out the same (pure)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from loyalty_api.domain.earning.compile import Compiled, compile_document
from loyalty_api.domain.earning.evidence import Evidence
from loyalty_api.domain.earning.rules import Decision, Earning, decide
from loyalty_api.domain.earning.words import BUDGET, PER_MEMBER
from loyalty_api.domain.lifecycle.laws import Broken, Row
from loyalty_api.domain.programs.queries import Program, Version
from loyalty_api.domain.purchases.again import Again, read_again, read_event
from loyalty_api.kernel.clock import local_date

# A version that is published while a purchase is in flight is in force before that purchase can see it.
IN_FLIGHT_MAX = timedelta(minutes=1)

Key = tuple[UUID, str]  # program and rule

_encode = msgspec.json.Encoder(decimal_format="number").encode
_earnings = msgspec.json.Decoder(list[Earning])


class Rulebook:
    """The versions of programs as they are stored now, each compiled once for one proof."""

    def __init__(self) -> None:
        self._compiled: dict[tuple[UUID, int], Compiled] = {}

    def compiled(self, program: Program, version: Version) -> Compiled:
        """The version, ready to decide."""
        key = program.id, version.number
        if key not in self._compiled:
            self._compiled[key] = compile_document(version.document, version.number)
        return self._compiled[key]


class Decided(NamedTuple):
    """A purchase that was decided again: what it left behind, by rule. ``points``: those that are stored."""

    points: Mapping[str, int]
    evidence: Evidence
    compiled: Compiled
    recorded_on: date


class MemberSums(msgspec.Struct):
    """What a member's purchases add up to: rests by rule, and points of capped rules by rule and day."""

    carried: dict[str, int] = msgspec.field(default_factory=lambda: defaultdict(int))
    days: dict[tuple[str, date], int] = msgspec.field(default_factory=lambda: defaultdict(int))

    def add(self, decided: Decided) -> None:
        """Adds one purchase."""
        for rule, rest in decided.evidence.rests.items():
            self.carried[rule] += rest - decided.evidence.carried.get(rule, 0)
        for rule in decided.compiled.capped:
            self.days[rule.code, decided.recorded_on] += max(0, decided.points.get(rule.code, 0))


def decide_again(row: Row, program: Program, rulebook: Rulebook, broken: list[Broken]) -> Decided | None:
    """The purchase decided again; what differs is added to ``broken``. None: it cannot be."""

    def breaks(what: str) -> None:
        broken.append(("decision", f"purchase {row['purchase_id']} {what}"))

    version = next((each for each in program.versions if each.number == row["version"]), None)
    if version is None:
        breaks(f"names version {row['version']}, which does not exist")
        return None
    compiled = rulebook.compiled(program, version)
    try:
        again = read_again(row, program.zone)
        decision = decide(compiled, again.basket)
        earnings = _stored(row["earnings"], decision.earnings)
        dry_runs = _stored(row["dry_runs"], decision.dry_runs)
    except msgspec.MsgspecError as error:
        breaks(f"cannot be read: {error}")
        return None
    points = {earning.rule: earning.points for earning in earnings}
    for what, stored, worked_out in _compared(row, again, decision):
        if stored != worked_out:
            breaks(f"has {what} {stored}, worked out again {worked_out}")
    if _numbers(earnings) != _numbers(decision.earnings):
        breaks(f"has earnings {points}, worked out again {_points(decision.earnings)} or on another base")
    if _numbers(dry_runs) != _numbers(decision.dry_runs):
        breaks(f"has dry runs {_points(dry_runs)}, worked out again {_points(decision.dry_runs)} or on another base")
    for what in (*_inputs(compiled, again.evidence), *_tier_value(row, program, decision)):
        breaks(what)
    return Decided(points, again.evidence, compiled, local_date(row["recorded_at"], program.zone))


def decide_event_again(row: Row, program: Program, rulebook: Rulebook, broken: list[Broken]) -> Decided | None:
    """The engagement event decided again; what differs is added to ``broken``. None: no rule is about such events."""
    version = next((each for each in program.versions if each.number == row["version"]), None)
    compiled = rulebook.compiled(program, version).events.get(row["kind"]) if version else None
    if compiled is None:
        if row["points_earned"]:
            broken.append(("decision", f"engagement {row['engagement_id']} has points that no rule gives"))
        return None
    try:
        basket, evidence = read_event(row, program.zone)
        decision = decide(compiled, basket)
        earnings, dry_runs = _stored(row["earnings"], decision.earnings), _stored(row["dry_runs"], decision.dry_runs)
    except msgspec.MsgspecError as error:
        broken.append(("decision", f"engagement {row['engagement_id']} cannot be read: {error}"))
        return None
    same = _numbers(earnings) == _numbers(decision.earnings) and _numbers(dry_runs) == _numbers(decision.dry_runs)
    if not same or row["points_earned"] != decision.points:
        told = f"has {row['points_earned']} points, worked out again {decision.points}, or on another base"
        broken.append(("decision", f"engagement {row['engagement_id']} {told}"))
    for what in _inputs(compiled, evidence):
        broken.append(("decision", f"engagement {row['engagement_id']} {what}"))
    points = {earning.rule: earning.points for earning in earnings}
    return Decided(points, evidence, compiled, local_date(row["recorded_at"], program.zone))


def check_sums(sums: MemberSums, carries: Iterable[Row], days: Iterable[Row]) -> Iterator[Broken]:
    """What waits is what the purchases left; capped rules gave what their days say."""
    waits = {row["rule"]: row["rest_minor"] for row in carries}
    for rule, stored, left in _apart(waits, sums.carried):
        yield "carry", f"{stored} of rule {rule} waits, its purchases left {left}"
    given = {(row["rule"], row["day"]): row["points"] for row in days}
    for (rule, day), stored, added in _apart(given, sums.days):
        yield "cap", f"rule {rule} is said to have given {stored} on {day}, its purchases got {added}"


def _compared(row: Row, again: Again, decision: Decision) -> Iterator[tuple[str, object, object]]:
    yield "points", row["points_earned"], decision.points
    yield "base", row["base_minor"], decision.base_minor
    yield "rests", again.evidence.rests, decision.rests
    yield "total", row["total_minor"], sum([line.amount_minor for line in again.lines])


def _stored(column: bytes | None, worked_out: list[Earning]) -> list[Earning]:
    """The earnings in a column; they need not be read where they are, to the byte, what was worked out."""
    if column is None:
        return []
    return worked_out if column == _encode(worked_out) else _earnings.decode(column)


def _numbers(earnings: list[Earning]) -> list[tuple]:
    """All but the words, which a later release may say better."""
    return [(e.rule, e.version, e.points, e.base_minor, e.units, e.limited_by) for e in earnings]


def _points(earnings: list[Earning]) -> dict[str, int]:
    return {earning.rule: earning.points for earning in earnings}


def _inputs(compiled: Compiled, evidence: Evidence) -> Iterator[str]:
    """The inputs are about the rules that have such inputs, and about each of them."""
    conditioned = {rule.code for rule in compiled.conditioned}
    if evidence.conditions.keys() != conditioned:
        yield f"knows conditions of {_list(evidence.conditions)}, its version has them for {_list(conditioned)}"
    capped = {rule.code for rule in compiled.capped}
    if _limited(evidence, PER_MEMBER) != capped:
        yield f"knows caps of {_list(_limited(evidence, PER_MEMBER))}, its version has them for {_list(capped)}"
    for what, named, may in (
        ("budgets", _limited(evidence, BUDGET), compiled.budgeted),
        ("carried rests", evidence.carried.keys(), compiled.carrying),
    ):
        unknown = set(named) - {rule.code for rule in may}
        if unknown:
            yield f"knows {what} of {_list(unknown)}, which have none"


def _limited(evidence: Evidence, limit: str) -> set[str]:
    return {code for code, rooms in evidence.rooms.items() if limit in rooms}


def _list(codes: Collection[str]) -> str:
    return ", ".join(sorted(codes)) or "no rule"


def _tier_value(row: Row, program: Program, decision: Decision) -> Iterator[str]:
    """It counted towards the tier what the measure in force when it was recorded counts."""
    stored, recorded_at = row["tier_value"], row["recorded_at"]
    first, last = program.in_force(recorded_at - IN_FLIGHT_MAX), program.in_force(recorded_at)
    counts = [_measured(version, decision) for version in program.versions[first - 1 : last]]
    if stored not in counts:
        yield f"counts {stored} towards the tier, worked out again {counts[-1]}"


def _measured(version: Version, decision: Decision) -> int:
    tiers = version.document.tiers
    of: dict[str, int] = {"points_earned": decision.counted, "purchases": 1, "spend": decision.base_minor}
    return of[tiers.measure if tiers else "spend"]


def _apart(stored: Mapping[Any, int], added: Mapping[Any, int]) -> list[tuple[Any, int, int]]:
    """Where two sums differ; nothing is as good as 0."""
    keys = sorted(stored.keys() | added.keys())
    pairs = [(key, stored.get(key, 0), added.get(key, 0)) for key in keys]
    return [(key, one, other) for key, one, other in pairs if one != other]
