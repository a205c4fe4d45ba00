"""How the program says no."""

from __future__ import annotations

from loyalty_api.kernel.refusals import InvalidRequest, Kind, Refusal


class InvalidDocument(InvalidRequest):
    """The document has faults; ``errors`` lists all of them, each at its place."""

    code = "program.invalid"
    title = "The program document has faults"


class ProgramNotFound(Refusal):
    """No program has this code."""

    kind = Kind.MISSING
    code = "program.not_found"
    title = "No such program"


class VersionNotFound(Refusal):
    """The program has no version with this number."""

    kind = Kind.MISSING
    code = "program.version_not_found"
    title = "No such version"


class ProgramExists(Refusal):
    """A program with this code exists already."""

    kind = Kind.CONFLICT
    code = "program.exists"
    title = "The program exists already"


class FixedField(InvalidDocument):
    """Currency, time zone, mode and code cannot change after the first publish."""

    code = "program.fixed_field"
    title = "This cannot change any more"


class EffectiveInThePast(InvalidRequest):
    """A version cannot take effect before it is published."""

    code = "program.effective_in_the_past"
    title = "The effective date lies in the past"


class DraftChanged(Refusal):
    """Somebody saved the draft or published since the caller read it; nothing was saved."""

    kind = Kind.STALE
    code = "program.draft_changed"
    title = "The draft was changed meanwhile"


class DraftOutdated(Refusal):
    """The draft is based on an older version than the newest, whose changes it would undo."""

    kind = Kind.CONFLICT
    code = "program.draft_outdated"
    title = "The draft is based on an older version"


class ClockNotAllowed(Refusal):
    """Only test programs have a clock of their own."""

    kind = Kind.FORBIDDEN
    code = "test_clock.live_program"
    title = "Live programs have no test clock"


class ClockBackwards(Refusal):
    """The clock steps back only as long as nothing is recorded."""

    kind = Kind.CONFLICT
    code = "test_clock.backwards"
    title = "The test clock cannot step back"
