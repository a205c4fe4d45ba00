"""What a route is: one row of the contract and the function behind it. The contract is generated from these."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from loyalty_api.domain.access.queries import Caller
from loyalty_api.kernel.refusals import Refusal


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One admitted request: who calls, what the address says, and the decoded body."""

    caller: Caller | None
    path: Mapping[str, str]
    address: Mapping[str, str]  # the path as it was sent: an alias's, where ``path`` names the survivor
    query: Mapping[str, str]
    content_type: str
    idempotency_key: str
    if_match: str
    if_none_match: str
    accept: str
    accept_language: str
    route: str
    raw: bytes
    body: Any
    received_at: datetime

    @property
    def known(self) -> Caller:
        """The caller of a route that asks for a key."""
        assert self.caller is not None, "the route asks for a key"
        return self.caller

    @property
    def program_id(self) -> Any:
        """The program of the caller's key."""
        assert self.known.program_id is not None, "the route asks for a program's key"
        return self.known.program_id


class Answer(msgspec.Struct, frozen=True):
    """Status, JSON bytes, and further headers. ``parts``: the bytes in pieces, where they may be too many for one."""

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()
    content_type: bytes = b"application/json"
    parts: Iterator[bytes] | None = None
    subject: UUID | None = None  # whom the answer is about, where the answer itself must not be kept


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One call of the contract. ``path`` as in ``/v1/members/{member_id}``; names ending in _id are UUIDs."""

    method: str
    path: str
    handler: Callable[[Any, Call], Awaitable[Answer]]
    summary: str
    answer: Any
    body: Any = None  # None: no body; bytes: the handler reads it itself
    items: tuple[Any, ...] = ()  # of a batch: the types that an item may have
    query: Mapping[str, str] = {}
    status: int = 200
    refusals: tuple[type[Refusal], ...] = ()
    example: Any = None
    example_answer: Any = None
    idempotent: bool = False  # takes an Idempotency-Key
    tagged: bool = False  # answers an ETag; a GET takes If-None-Match, a write asks for If-Match
    csv: bool = False  # answers text/csv too
    localized: bool = False  # speaks the language that Accept-Language asks for
    hot: bool = False  # answered before the router; its key is checked again in the transaction that writes

    @property
    def key(self) -> str:
        """The row of the access table."""
        return f"{self.method} {self.path}"


_encoder = msgspec.json.Encoder(decimal_format="number")


def answer_json(value: Any, status: int = 200, *, subject: UUID | None = None) -> Answer:
    """A value as a JSON answer."""
    return Answer(status, encode(value), subject=subject)


def encode(value: Any) -> bytes:
    """A value as JSON, decimals as numbers."""
    return _encoder.encode(value)
