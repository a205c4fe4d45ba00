"""How the domain says no.

A refusal is an expected answer: a stable code, a sentence that a cashier can read, and, for bad input, the
fields. Bugs are not refusals: they are assertions and constraints, and surface as errors.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple, Self


class Kind(Enum):
    """What sort of no it is; each door maps every kind once."""

    MALFORMED = "malformed"  # the request cannot be read at all
    UNSUPPORTED = "unsupported"  # written in a way that is not spoken here
    INVALID = "invalid"  # a field is wrong
    UNAUTHENTICATED = "unauthenticated"  # nobody known is asking
    FORBIDDEN = "forbidden"  # somebody known, who may not
    MISSING = "missing"  # what it names does not exist
    GONE = "gone"  # it existed, and was removed for good
    CONFLICT = "conflict"  # it contradicts what is recorded
    STALE = "stale"  # it is based on a state that is no more
    UNCONDITIONAL = "unconditional"  # it must say which state it is based on
    TOO_LARGE = "too_large"  # beyond a stated limit
    BUSY = "busy"  # try again; nothing was written


class FieldError(NamedTuple):
    """One wrong field: where (``lines[2].amount_minor``) and what to do about it."""

    field: str
    message: str


class Refusal(Exception):
    """Base of all refusals. Subclasses fix ``kind``, ``code`` and ``title``; instances carry the sentence."""

    kind: Kind = Kind.INVALID
    code: str = "request.invalid"
    title: str = "The request is not valid"

    def __init__(self, detail: str, *, errors: list[FieldError] | None = None, **facts: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors or []
        self.facts = facts


class InvalidRequest(Refusal):
    """Fields of the input are wrong; ``errors`` names each."""

    @classmethod
    def of(cls, *errors: FieldError) -> Self:
        """One refusal for all wrong fields, its sentence made from the first."""
        first = errors[0]
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        return cls(f"{first.field}: {first.message}{more}", errors=list(errors))


class Malformed(Refusal):
    """The request cannot be read at all."""

    kind = Kind.MALFORMED
    code = "request.malformed"
    title = "The request cannot be read"


class Busy(Refusal):
    """The queue is full or the database is out of reach; nothing was written, so ask again."""

    kind = Kind.BUSY
    code = "service.busy"
    title = "Try again in a moment"
    retry_after_seconds = 1
