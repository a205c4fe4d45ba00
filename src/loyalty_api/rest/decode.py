"""From bytes to checked input: JSON, its types, and a problem that names the field."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from loyalty_api.kernel.refusals import FieldError, InvalidRequest, Kind, Malformed, Refusal

JSON_TYPE = "application/json"
NDJSON_TYPE = "application/x-ndjson"
PARAMETERS_MAX = 50
# Windows, expiry and time zones are reckoned forth and back from an instant; the calendar must hold all of that.
FIRST_YEAR, LAST_YEAR = 1900, 8999

_PLACE = re.compile(r" - at (?:`key` in )?`\$\.?(.*?)`$")
_NAMED_FIELD = re.compile(r"(?:field |^)`(\w+)`\s*")


class UnsupportedContent(Refusal):
    """The body is not written in a content type that this call reads."""

    kind = Kind.UNSUPPORTED
    code = "request.unsupported_content"
    title = "This content type is not read here"


class TooLarge(Refusal):
    """The body is beyond the limit."""

    kind = Kind.TOO_LARGE
    code = "request.too_large"
    title = "The request is too large"


def decode_body(body: bytes, kind: Any) -> Any:
    """The body as ``kind``. Refuses: Malformed (not JSON), InvalidRequest (a field is wrong)."""
    try:
        value = decoder(kind).decode(body)
    except msgspec.ValidationError as error:
        raise InvalidRequest.of(field_error(str(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed(f"The body is not JSON: {error}.") from None
    except RecursionError:
        raise Malformed("The body is nested too deeply.") from None
    if b"\\u0000" in body:
        _refuse_nul(body)
    return value


@cache
def decoder(kind: Any) -> msgspec.json.Decoder:
    """The decoder of a type, made once."""
    return msgspec.json.Decoder(kind)


def field_error(message: str) -> FieldError:
    """msgspec's sentence as a field and what is wrong with it."""
    found = _PLACE.search(message)
    place = found.group(1) if found else ""
    sentence = message[: found.start()] if found else message
    named = _NAMED_FIELD.search(sentence)
    if named:
        place = f"{place}.{named.group(1)}" if place else named.group(1)
        if "missing required" in sentence:
            return FieldError(place, "is missing")
        if "unknown field" in sentence:
            return FieldError(place, "is not a field here")
        sentence = sentence[: named.start()] + sentence[named.end() :]
    return FieldError(place or "body", sentence[:1].lower() + sentence[1:])


def check_years(**instants: datetime | None) -> None:
    """Raises ValueError, which the decoder tells at the field, for an instant at the edge of the calendar."""
    for name, instant in instants.items():
        if instant is not None and not FIRST_YEAR <= instant.year <= LAST_YEAR:
            raise ValueError(f"`{name}` must lie in the years {FIRST_YEAR} to {LAST_YEAR}")


def check_content_type(header: str, *, ndjson: bool = False) -> str:
    """The media type of the body. Refuses: UnsupportedContent."""
    kind = header.partition(";")[0].strip().lower() or JSON_TYPE
    if kind == JSON_TYPE or kind.endswith("+json") or (ndjson and kind == NDJSON_TYPE):
        return kind
    also = f" or {NDJSON_TYPE}" if ndjson else ""
    raise UnsupportedContent(f"Send {JSON_TYPE}{also}, not {kind[:60]}.")


def read_query(query: bytes, known: Mapping[str, str]) -> dict[str, str]:
    """The parameters of the address. Refuses (InvalidRequest) unknown ones, repeated ones, and NUL."""
    values: dict[str, str] = {}
    errors = []
    try:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=PARAMETERS_MAX)
    except ValueError:
        raise InvalidRequest.of(FieldError("query", f"has more than {PARAMETERS_MAX} parameters")) from None
    for name, value in pairs:
        if name not in known:
            errors.append(FieldError(name[:50], f"is not a parameter here; known: {', '.join(known) or 'none'}"))
        elif name in values:
            errors.append(FieldError(name, "is given twice"))
        elif "\x00" in value or "\ufffd" in value:
            errors.append(FieldError(name, "must be text without NUL, in UTF-8"))
        values[name] = value
    if errors:
        raise InvalidRequest.of(*errors)
    return values


def _refuse_nul(body: bytes) -> None:
    for place in _nul_places(msgspec.json.decode(body), ""):
        raise InvalidRequest.of(FieldError(place or "body", "must not contain the character NUL"))


def _nul_places(value: Any, place: str) -> Iterator[str]:
    if isinstance(value, str) and "\x00" in value:
        yield place
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _nul_places(item, f"{place}[{index}]")
    elif isinstance(value, dict):
        for name, item in value.items():
            if "\x00" in name:
                yield place
            yield from _nul_places(item, f"{place}.{name}" if place else name)
