"""What changes between two documents, as a person would say it: rules and tiers by their code, not their place."""

from __future__ import annotations

from typing import Any

import msgspec

from loyalty_api.domain.programs.document import Document, encode_document
from loyalty_api.domain.programs.words import sides_of, words_of


class Change(msgspec.Struct, frozen=True):
    """One difference: ``what`` happened ``where``, the values (JSON) on both sides, and sentences, one a line."""

    what: str  # added | removed | changed
    where: str
    before: Any = None
    after: Any = None
    words: str = ""

    @property
    def text(self) -> str:
        """The change in one line: ``~ earning_rules.base.per_spend.points: 1 → 2``."""
        if self.what == "added":
            return f"+ {self.where}: {_say(self.after)}"
        if self.what == "removed":
            return f"- {self.where}: {_say(self.before)}"
        return f"~ {self.where}: {_say(self.before)} → {_say(self.after)}"


def diff_documents(before: Document | None, after: Document) -> list[Change]:
    """The changes that lead from ``before`` (None: nothing yet) to ``after``, in the document's order."""
    old = _plain(before) if before else {}
    sides = sides_of(before, after)
    return [
        msgspec.structs.replace(each, words=words_of(each.where, each.before, each.after, sides))
        for each in _compare("", old, _plain(after))
    ]


def _compare(place: str, old: Any, new: Any) -> list[Change]:
    if isinstance(old, dict) and isinstance(new, dict):
        changes = []
        for name in [*new, *(name for name in old if name not in new)]:
            inner = f"{place}.{name}" if place else name
            if name not in old:
                changes.append(Change("added", inner, after=new[name]))
            elif name not in new:
                changes.append(Change("removed", inner, before=old[name]))
            else:
                changes += _compare(inner, old[name], new[name])
        return changes
    return [] if old == new else [Change("changed", place, old, new)]


def _plain(document: Document) -> dict[str, Any]:
    """The document as plain values, every list of coded entries turned into a group by code."""
    return _keyed(msgspec.json.decode(encode_document(document)))


def _keyed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _keyed(inner) for name, inner in value.items()}
    if isinstance(value, list) and value and all(isinstance(item, dict) and "code" in item for item in value):
        return {item["code"]: {k: _keyed(v) for k, v in item.items() if k != "code"} for item in value}
    return value


def _say(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_say(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_say, value)) + "]"
    return str(value)
