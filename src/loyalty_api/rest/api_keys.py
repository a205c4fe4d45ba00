"""API keys over REST: issue, list, revoke."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from loyalty_api.domain.access.issue_key import IssuedKey, issue_key
from loyalty_api.domain.access.queries import list_keys
from loyalty_api.domain.access.refusals import KeyNotFound
from loyalty_api.domain.access.revoke_key import revoke_key
from loyalty_api.kernel.clock import rfc3339
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.refusals import FieldError, InvalidRequest
from loyalty_api.rest.decode import check_years
from loyalty_api.rest.door import Door
from loyalty_api.rest.idempotency import write_once
from loyalty_api.rest.route import Answer, Call, Route, answer_json, encode

Name = Annotated[str, Meta(min_length=1, max_length=200)]


class KeyBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new key; a ``store`` ties it to that store, ``expires_at`` ends it."""

    name: Name
    scopes: Annotated[list[Literal["till", "read", "manage", "admin"]], Meta(min_length=1, max_length=4)]
    store: Name | None = None
    expires_at: Annotated[datetime, Meta(tz=True)] | None = None

    def __post_init__(self) -> None:
        """An instant that the database can hold."""
        check_years(expires_at=self.expires_at)


class KeyView(msgspec.Struct, frozen=True):
    """A key without its secret."""

    id: UUID
    name: str
    scopes: list[str]
    store: str | None
    prefix: str
    created_at: str
    expires_at: str | None
    revoked_at: str | None


class KeyList(msgspec.Struct, frozen=True):
    """All keys of the program."""

    items: list[KeyView]
    next_cursor: None = None


async def issue(door: Door, call: Call) -> Answer:
    """201 with the key, told once."""
    body: KeyBody = call.body
    if body.expires_at is not None and body.expires_at <= call.received_at:
        raise InvalidRequest.of(FieldError("expires_at", "lies in the past"))

    async def work(connection: Connection) -> Answer:
        issued = await issue_key(
            connection,
            program_id=call.program_id,
            name=body.name,
            scopes=list(body.scopes),
            store=body.store,
            expires_at=body.expires_at,
            now=call.received_at,
        )
        return answer_json(issued, 201, subject=issued.id)

    async def reread(connection: Connection, key_id: UUID) -> bytes:
        rows = await list_keys(connection, call.program_id)
        prefix = next(row["prefix"] for row in rows if row["key_id"] == key_id)
        return encode({"id": key_id, "prefix": prefix, "key": None})

    return await write_once(door, call, work, reread=reread)


async def list_(door: Door, call: Call) -> Answer:
    """All keys, oldest first."""
    async with door.database.reader() as connection:
        rows = await list_keys(connection, call.program_id)
    return answer_json(KeyList([_view(row) for row in rows]))


async def revoke(door: Door, call: Call) -> Answer:
    """204: the key is refused from now on."""
    await door.database.write(
        lambda connection: revoke_key(
            connection,
            program_id=call.program_id,
            key_id=UUID(call.path["key_id"]),
            now=call.received_at,
        )
    )
    return Answer(204, b"")


def _view(row: Any) -> KeyView:
    return KeyView(
        row["key_id"],
        row["name"],
        row["scopes"],
        row["store"],
        row["prefix"],
        rfc3339(row["created_at"]),
        row["expires_at"] and rfc3339(row["expires_at"]),
        row["revoked_at"] and rfc3339(row["revoked_at"]),
    )


ROUTES = [
    Route(
        method="POST",
        path="/v1/api-keys",
        handler=issue,
        summary="Issue an API key; it is told once",
        idempotent=True,
        body=KeyBody,
        answer=IssuedKey,
        status=201,
        example={"name": "till 3", "scopes": ["till"], "store": "17"},
    ),
    Route(
        method="GET",
        path="/v1/api-keys",
        handler=list_,
        summary="List the program's API keys, without their secrets",
        answer=KeyList,
    ),
    Route(
        method="DELETE",
        path="/v1/api-keys/{key_id}",
        handler=revoke,
        summary="Revoke an API key at once",
        answer=None,
        status=204,
        refusals=(KeyNotFound,),
    ),
]
