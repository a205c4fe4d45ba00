"""Turns a writing of the document (plain dicts, lists and scalars) into its types, collecting every fault.

Walks the types of ``document.py``; a fault names its place (``earning_rules[2].per_spend.points``) and says what
to write instead. What one field cannot know, ``check.py`` adds.
"""

from __future__ import annotations

import difflib
import json
from collections import Counter
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import msgspec
from msgspec import inspect

from loyalty_api.domain.programs.check import check_document
from loyalty_api.domain.programs.condition_limits import NO_TIER
from loyalty_api.domain.programs.document import Document
from loyalty_api.domain.programs.parts import EVENT_KIND_PATTERN
from loyalty_api.domain.programs.refusals import InvalidDocument
from loyalty_api.kernel.refusals import FieldError

DECIMALS_MAX = 6

_PATTERN_WORDS = {
    r"^[a-z0-9][a-z0-9_-]{0,63}$": "must be a code: small letters, digits, - and _, such as gold-double",
    EVENT_KIND_PATTERN: "must be a kind of event in small letters, such as enrolled or review.written",
    r"^[A-Z]{3}$": "must be a currency code of three capital letters, such as EUR",
    r"^[A-Z]{2}$": "must be a country code of two capital letters, such as DE",
    r"^\d{4}-\d{2}-\d{2}$": "must be a date in quotes, such as '2026-11-21'",
    r"^\d{2}:\d{2}$": "must be a time of the day in quotes, such as '17:30'",
    r"^\d{2}-\d{2}$": "must be a month and a day in quotes, such as '12-31'",
}


def read_document(raw: object) -> Document:
    """The document that ``raw`` writes. Refuses (InvalidDocument) with all faults at once."""
    faults: list[FieldError] = []
    document: Document = _read(inspect.type_info(Document), raw, "", faults)
    wrong = [fault.field for fault in faults]
    faults += [fault for fault in check_document(document) if not _follows(fault, wrong)]
    if faults:
        raise InvalidDocument.of(*faults)
    return document


def read_json(data: bytes) -> object:
    """JSON as plain values, its decimals exact. Refuses (InvalidDocument) what is not JSON."""
    try:
        msgspec.json.decode(data)  # stricter than json about text; json tells of names that are said twice
        return json.loads(data, parse_float=Decimal, parse_constant=_refuse_constant, object_pairs_hook=_once_each)
    except (msgspec.DecodeError, ValueError, RecursionError, InvalidOperation) as error:
        raise InvalidDocument.of(FieldError("document", f"is not JSON: {error}")) from None


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    group = dict(pairs)
    if len(group) < len(pairs):
        twice = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        raise InvalidDocument.of(FieldError("document", f"{twice[:50]!r} is said twice in one group"))
    return group


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not a number")


def _read(kind: inspect.Type, raw: object, place: str, faults: list[FieldError]) -> Any:
    if isinstance(kind, inspect.Metadata):
        kind = kind.type
    return _READERS[type(kind)](kind, raw, place, faults)


def _struct(kind: inspect.StructType, raw: object, place: str, faults: list[FieldError]) -> Any:
    if not isinstance(raw, dict):
        faults.append(FieldError(place or "document", f"must be a group of fields, not {_say(raw)}"))
        return _stand_in(kind)
    fields = {field.encode_name: field for field in kind.fields}
    values = {}
    for name, value in raw.items():
        if name not in fields:
            faults.append(FieldError(_join(place, str(name)), _unknown(str(name), list(fields))))
            continue
        values[fields[name].name] = _read(fields[name].type, value, _join(place, name), faults)
    missing = [field for field in kind.fields if field.required and field.encode_name not in raw]
    faults += [FieldError(_join(place, field.encode_name), "is missing") for field in missing]
    values |= {field.name: _stand_in(field.type) for field in missing}
    # One writing per document: a setting that is spelled out at its default is the same as one left out.
    defaults = {field.name: field.default for field in kind.fields}
    return kind.cls(**{name: value for name, value in values.items() if value != defaults[name]})


def _list(kind: inspect.ListType, raw: object, place: str, faults: list[FieldError]) -> Any:
    if not isinstance(raw, list):
        faults.append(FieldError(place, f"must be a list, not {_say(raw)}"))
        return _stand_in(kind)
    if len(raw) < (kind.min_length or 0) or len(raw) > (kind.max_length or 1000):
        faults.append(FieldError(place, f"must have {kind.min_length or 0} to {kind.max_length or 1000} entries"))
        return _stand_in(kind)
    return [_read(kind.item_type, item, f"{place}[{index}]", faults) for index, item in enumerate(raw)]


def _union(kind: inspect.UnionType, raw: object, place: str, faults: list[FieldError]) -> Any:
    options = [option for option in kind.types if not isinstance(option, inspect.NoneType)]
    if raw is None and len(options) < len(kind.types):
        return None
    words = [option for option in options if isinstance(option, inspect.LiteralType)]
    chosen = words[0] if words and isinstance(raw, str) else options[0]
    if isinstance(chosen, inspect.LiteralType) and len(options) > 1 and isinstance(options[0], inspect.StructType):
        return _literal(chosen, raw, place, faults, also=", or a group of fields")
    return _read(chosen, raw, place, faults)


def _literal(kind: inspect.LiteralType, raw: object, place: str, faults: list[FieldError], also: str = "") -> Any:
    if isinstance(raw, str) and raw in kind.values:
        return raw
    faults.append(FieldError(place, f"must be {' or '.join(map(str, kind.values))}{also}, not {_say(raw)}"))
    return _stand_in(kind)


def _whole(kind: inspect.IntType, raw: object, place: str, faults: list[FieldError]) -> Any:
    low, high = kind.ge or 0, kind.le or 0
    if isinstance(raw, int) and not isinstance(raw, bool) and low <= raw <= high:
        return raw
    faults.append(FieldError(place, f"must be a whole number from {low:,} to {high:,}, not {_say(raw)}"))
    return _stand_in(kind)


def _bool(_kind: inspect.BoolType, raw: object, place: str, faults: list[FieldError]) -> bool:
    if isinstance(raw, bool):
        return raw
    faults.append(FieldError(place, f"must be true or false, not {_say(raw)}"))
    return False


def _decimal(kind: inspect.Type, raw: object, place: str, faults: list[FieldError]) -> Any:
    if isinstance(raw, int | Decimal) and not isinstance(raw, bool):
        value = Decimal(raw)
        if value.is_finite() and 0 <= value <= 10**6 and value == round(value, DECIMALS_MAX):
            return value
    faults.append(FieldError(place, f"must be a number from 0 to 1,000,000 with at most 6 decimals, not {_say(raw)}"))
    return _stand_in(kind)


def _text(kind: inspect.StrType, raw: object, place: str, faults: list[FieldError]) -> Any:
    limits = msgspec.Meta(pattern=kind.pattern, min_length=kind.min_length, max_length=kind.max_length)
    try:
        text = _without_nul(msgspec.convert(raw, Annotated[str, limits]))
        if kind.pattern and text.endswith("\n"):  # which the end of a pattern lets through
            raise ValueError(text)
        return text
    except (msgspec.ValidationError, ValueError):
        words = _PATTERN_WORDS.get(kind.pattern or "", f"must be text of 1 to {kind.max_length} characters")
        faults.append(FieldError(place, f"{words}, not {_say(raw)}"))
        return _stand_in(kind)


def _without_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError(text)
    return text


def _stand_in(kind: inspect.Type) -> Any:
    """A value of the kind, in place of a faulty one, so that the rest of the document can still be checked."""
    if isinstance(kind, inspect.Metadata):
        kind = kind.type
    if isinstance(kind, inspect.StructType):
        return kind.cls(**{field.name: _stand_in(field.type) for field in kind.fields if field.required})
    if isinstance(kind, inspect.UnionType):
        return _stand_in(next(option for option in kind.types if not isinstance(option, inspect.NoneType)))
    if isinstance(kind, inspect.LiteralType):
        return kind.values[0]
    if isinstance(kind, inspect.IntType):
        return kind.ge or 0
    if isinstance(kind, inspect.DecimalType):
        return Decimal(1)
    return [] if isinstance(kind, inspect.ListType) else _STAND_IN_TEXTS.get(getattr(kind, "pattern", None), "x")


def _follows(fault: FieldError, wrong: list[str]) -> bool:
    """Whether a fault only follows from a stand-in: at or inside a faulty place, or about tiers that are faulty."""
    place = fault.field
    if "document" in wrong or (NO_TIER in fault.message and any(each.startswith("tiers") for each in wrong)):
        return True
    return any(place == each or place.startswith((f"{each}.", f"{each}[")) for each in wrong)


_STAND_IN_TEXTS = {
    r"^[A-Z]{3}$": "EUR",
    r"^[A-Z]{2}$": "DE",
    r"^\d{4}-\d{2}-\d{2}$": "2001-01-01",
    r"^\d{2}-\d{2}$": "12-31",
    r"^\d{2}:\d{2}$": "12:00",
}
_READERS: dict[type, Any] = {
    inspect.StructType: _struct,
    inspect.ListType: _list,
    inspect.UnionType: _union,
    inspect.LiteralType: _literal,
    inspect.BoolType: _bool,
    inspect.IntType: _whole,
    inspect.DecimalType: _decimal,
    inspect.StrType: _text,
}


def _join(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _unknown(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {close[0]}?" if close else f"; known here: {', '.join(known)}"
    return f"is not a field here{hint}"


def _say(raw: object) -> str:
    """What was written, in a marketer's words and at most 40 characters."""
    if raw is None:
        return "empty"
    if isinstance(raw, dict):
        return "a group of fields"
    if isinstance(raw, list):
        return "a list"
    if isinstance(raw, bool):
        return "true" if raw else "false"
    text = str(raw)
    return repr(text if len(text) <= 40 else text[:39] + "…") if isinstance(raw, str) else text[:40]
