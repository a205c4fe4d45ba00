"""The program's shapes in the contract: documents, versions, changes, plans and the draft."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from loyalty_api.domain.programs.diff import Change
from loyalty_api.domain.programs.document import Document
from loyalty_api.domain.programs.read import read_document, read_json
from loyalty_api.domain.programs.refusals import InvalidDocument
from loyalty_api.kernel.clock import BEGINNING_OF_TIME, rfc3339
from loyalty_api.kernel.refusals import FieldError

EXAMPLE = {
    "program": "coffee-club",
    "currency": "EUR",
    "time_zone": "Europe/Berlin",
    "region": "DE",
    "points": {"expiry": {"months": 12, "round_up_to": "month_end"}},
    "tiers": {"levels": [{"code": "bronze", "from": 0}, {"code": "silver", "from": 50000}]},
    "earning_rules": [
        {"code": "base", "per_spend": {"points": 1, "per_minor": 100}},
        {"code": "silver-extra", "multiplier": 1.5, "tiers": ["silver"]},
    ],
}
EXAMPLE_CHANGE = {
    "what": "changed",
    "where": "earning_rules.base.per_spend.points",
    "before": 2,
    "after": 1,
    "text": "~ earning_rules.base.per_spend.points: 2 → 1",
    "words": "Rule base gives 1 point per 1.00 EUR instead of 2",
}


class ChangeView(msgspec.Struct, frozen=True):
    """One difference: for machines, in a line for engineers (``text``), in sentences for marketing (``words``)."""

    what: str
    where: str
    before: Any
    after: Any
    text: str
    words: str


class PlanAnswer(msgspec.Struct, frozen=True):
    """The version that is (or would be) made, or the one already in force when nothing changes."""

    version: int
    effective_at: str | None
    changes: list[ChangeView]


class VersionView(msgspec.Struct, frozen=True):
    """A version; ``effective_at`` null: from the beginning of time."""

    version: int
    effective_at: str | None
    published_at: str
    published_by: str


class ProgramAnswer(msgspec.Struct, frozen=True):
    """A version with its whole document."""

    program: str
    version: int
    effective_at: str | None
    published_at: str
    document: msgspec.Raw


class DraftAnswer(msgspec.Struct, frozen=True):
    """The draft and what it changes in the newest version; ``changed_at`` null: nothing is saved, nothing changes.

    ``base_version`` below ``newest_version``: somebody published since; saving the draft again bases it on the newest.
    """

    program: str
    base_version: int
    newest_version: int
    document: msgspec.Raw
    changed_at: str | None
    changed_by: str | None
    changes: list[ChangeView]


class VersionPage(msgspec.Struct, frozen=True):
    """A page of versions, newest first."""

    items: list[VersionView]
    next_cursor: str | None


class NewProgram(msgspec.Struct, frozen=True):
    """A new program's code and its first admin key, told once."""

    program: str
    key: str


def document_in(data: bytes, place: str) -> Document:
    """The document in a body; its faults are told at their place in the body. Refuses: InvalidDocument."""
    try:
        return read_document(read_json(data))
    except InvalidDocument as refusal:
        errors = [FieldError(f"{place}.{each.field}" if place else each.field, each.message) for each in refusal.errors]
        raise InvalidDocument.of(*errors) from None


def view_changes(changes: list[Change]) -> list[ChangeView]:
    """Changes as the contract tells them."""
    return [ChangeView(each.what, each.where, each.before, each.after, each.text, each.words) for each in changes]


def effective(instant: datetime) -> str | None:
    """From when a version is in force; None: from the beginning of time."""
    return None if instant == BEGINNING_OF_TIME else rfc3339(instant)
