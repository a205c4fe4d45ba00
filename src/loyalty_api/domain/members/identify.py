"""From what a till presents to a member: writing identifiers in one way, and looking many up at once."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

import phonenumbers

from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.refusals import FieldError, InvalidRequest
from loyalty_api.kernel.together import Ask, ask, columns

KINDS = ("card", "phone", "email", "external_id", "app_token", "number")
VALUE_LENGTH_MAX = 200
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")


class Identifier(NamedTuple):
    """A normalised identifier of one program."""

    program_id: UUID
    kind: str
    value: str


class Found(NamedTuple):
    """Whose an identifier is, and whether it is blocked."""

    member_id: UUID
    blocked: bool


def read_identifier(text: str, *, program_id: UUID, region: str | None, field: str) -> Identifier:
    """``card:4006381333931`` as an identifier. Refuses (InvalidRequest) other writings, naming ``field``."""
    kind, colon, value = text.partition(":")
    if not colon:
        raise InvalidRequest.of(FieldError(field, "must be kind:value, such as card:4006381333931"))
    return normalise(kind, value, program_id=program_id, region=region, field=field)


def normalise(kind: str, value: str, *, program_id: UUID, region: str | None, field: str) -> Identifier:
    """One way to write each value: phones in E.164, e-mails in lower case, cards without gaps.

    Refuses (InvalidRequest) unknown kinds and values that cannot be of their kind.
    """
    if kind not in KINDS:
        raise InvalidRequest.of(FieldError(field, f"must be of a kind among {', '.join(KINDS)}"))
    value = value.strip()
    written: str | None = value
    if kind == "phone":
        written = _phone(value, region)
    elif kind == "email":
        written = value.lower() if _EMAIL.match(value) else None
    elif kind in ("card", "number"):
        written = re.sub(r"[\s-]", "", value)
    if not written or len(written) > VALUE_LENGTH_MAX:
        raise InvalidRequest.of(FieldError(field, _advice(kind, region)))
    return Identifier(program_id, kind, written)


_FIND = """
SELECT c.program_id, c.kind, c.value, c.member_id, c.blocked_at IS NOT NULL AS blocked
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS k (program_id, kind, value)
JOIN identifier_claims c USING (program_id, kind, value)
"""


def found_ask(identifiers: Collection[Identifier]) -> Ask:
    """Asks whose each identifier is; column ``member_id`` is the member's."""
    wanted = set(identifiers)
    return Ask(_FIND, columns(list(wanted)) if wanted else ([], [], []))


def read_found(rows: Iterable[Any]) -> dict[Identifier, Found]:
    """What ``found_ask`` was answered; unknown identifiers are missing."""
    return {Identifier(*row[:3]): Found(*row[3:]) for row in map(tuple, rows)}


async def find_members(connection: Connection, identifiers: Collection[Identifier]) -> dict[Identifier, Found]:
    """Whose each identifier is; unknown ones are missing from the answer."""
    return read_found(await ask(connection, found_ask(identifiers)))


@lru_cache(maxsize=100_000)
def _phone(value: str, region: str | None) -> str | None:
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _advice(kind: str, region: str | None) -> str:
    if kind == "phone":
        home = f" (or one of {region})" if region else ""
        return f"must be a phone number with its country, such as +4930123456{home}"
    if kind == "email":
        return "must be an e-mail address, such as ada@example.org"
    return f"must be text of 1 to {VALUE_LENGTH_MAX} characters"
