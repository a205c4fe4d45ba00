"""Webhooks over REST: open, read, change, delete, and new secrets."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from loyalty_api.domain.feed.events import KINDS, public_type
from loyalty_api.domain.webhooks.address import URL_LENGTH_MAX, check_url
from loyalty_api.domain.webhooks.change import change_webhook
from loyalty_api.domain.webhooks.close import close_webhook
from loyalty_api.domain.webhooks.open import open_webhook
from loyalty_api.domain.webhooks.queries import list_webhooks, read_webhook
from loyalty_api.domain.webhooks.refusals import TooManyWebhooks, WebhookNotFound
from loyalty_api.domain.webhooks.rotate_secret import OVERLAP, OVERLAP_MAX, rotate_secret
from loyalty_api.kernel.clock import rfc3339
from loyalty_api.kernel.database import Connection
from loyalty_api.rest.door import Door
from loyalty_api.rest.events import read_types
from loyalty_api.rest.idempotency import write_once
from loyalty_api.rest.route import Answer, Call, Route, answer_json, encode

HOUR = timedelta(hours=1)

Url = Annotated[str, Meta(min_length=1, max_length=URL_LENGTH_MAX, description="https, of a public address")]
Types = Annotated[list[str], Meta(min_length=1, max_length=len(KINDS), description="as loyalty.points.earned.v1")]


class WebhookBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new webhook; without ``types`` it is sent every event."""

    url: Url
    types: Types | None = None


class WebhookPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is given is changed; ``types`` null: every event from now on."""

    url: Url | UnsetType = UNSET
    types: Types | UnsetType | None = UNSET
    state: Literal["on", "off"] | UnsetType = UNSET


class SecretBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``overlap_hours``: how long the secret before signs too; 0 ends a leaked one at once."""

    overlap_hours: Annotated[int, Meta(ge=0, le=OVERLAP_MAX // HOUR)] = OVERLAP // HOUR


class WebhookView(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook. ``state`` ``off`` has its ``reason``; ``failing_since``: the first failure since an event was
    delivered; ``previous_secret_until``: until then two secrets sign."""

    id: UUID
    url: str
    types: list[str] | None
    state: str
    reason: str | None
    failing_since: str | None
    previous_secret_until: str | None
    created_at: str


class OpenedWebhook(WebhookView, frozen=True, kw_only=True):
    """The new webhook; ``secret`` is told now and never again."""

    secret: str | None


class WebhookList(msgspec.Struct, frozen=True):
    """All webhooks of the program."""

    items: list[WebhookView]
    next_cursor: None = None


class SecretAnswer(msgspec.Struct, frozen=True):
    """The new secret, told once."""

    id: UUID
    secret: str | None
    previous_secret_until: str | None


async def open_(door: Door, call: Call) -> Answer:
    """201 with the webhook and its secret."""
    body: WebhookBody = call.body
    check_url(body.url, local=door.settings.webhooks_local)
    kinds = None if body.types is None else read_types(body.types)

    async def work(connection: Connection) -> Answer:
        webhook_id, secret = await open_webhook(
            connection,
            program_id=call.program_id,
            url=body.url,
            kinds=kinds,
            now=call.received_at,
            actor=call.known.actor,
        )
        return answer_json(await opened(connection, webhook_id, secret), 201, subject=webhook_id)

    async def opened(connection: Connection, webhook_id: UUID, secret: str | None) -> OpenedWebhook:
        row = await read_webhook(connection, program_id=call.program_id, webhook_id=webhook_id)
        return OpenedWebhook(secret=secret, **msgspec.structs.asdict(_view(row)))

    async def reread(connection: Connection, webhook_id: UUID) -> bytes:
        return encode(await opened(connection, webhook_id, None))

    return await write_once(door, call, work, reread=reread)


async def list_(door: Door, call: Call) -> Answer:
    """All webhooks, oldest first."""
    async with door.database.reader() as connection:
        rows = await list_webhooks(connection, call.program_id)
    return answer_json(WebhookList([_view(row) for row in rows]))


async def read(door: Door, call: Call) -> Answer:
    """One webhook."""
    async with door.database.reader() as connection:
        row = await read_webhook(connection, program_id=call.program_id, webhook_id=UUID(call.path["webhook_id"]))
    return answer_json(_view(row))


async def change(door: Door, call: Call) -> Answer:
    """200 with the webhook as it is now."""
    body: WebhookPatch = call.body
    webhook_id = UUID(call.path["webhook_id"])
    url = None if isinstance(body.url, UnsetType) else body.url
    if url is not None:
        check_url(url, local=door.settings.webhooks_local)
    types = None if isinstance(body.types, UnsetType) else body.types

    async def work(connection: Connection) -> Answer:
        await change_webhook(
            connection,
            program_id=call.program_id,
            webhook_id=webhook_id,
            now=call.received_at,
            url=url,
            kinds=None if types is None else read_types(types),
            every_kind=body.types is None,
            state=None if isinstance(body.state, UnsetType) else body.state,
        )
        return answer_json(_view(await read_webhook(connection, program_id=call.program_id, webhook_id=webhook_id)))

    return await door.database.write(work)


async def close(door: Door, call: Call) -> Answer:
    """204: nothing is sent any more."""
    webhook_id = UUID(call.path["webhook_id"])
    await door.database.write(
        lambda connection: close_webhook(connection, program_id=call.program_id, webhook_id=webhook_id)
    )
    return Answer(204, b"")


async def rotate(door: Door, call: Call) -> Answer:
    """201 with the new secret."""
    body: SecretBody = call.body
    webhook_id = UUID(call.path["webhook_id"])

    async def work(connection: Connection) -> Answer:
        secret = await rotate_secret(
            connection,
            program_id=call.program_id,
            webhook_id=webhook_id,
            overlap=body.overlap_hours * HOUR,
            now=call.received_at,
        )
        return answer_json(await rotated(connection, secret), 201, subject=webhook_id)

    async def rotated(connection: Connection, secret: str | None) -> SecretAnswer:
        row = await read_webhook(connection, program_id=call.program_id, webhook_id=webhook_id)
        return SecretAnswer(webhook_id, secret, _instant(row["previous_until"]))

    async def reread(connection: Connection, _webhook_id: UUID) -> bytes:
        return encode(await rotated(connection, None))

    return await write_once(door, call, work, reread=reread)


def _view(row: Any) -> WebhookView:
    return WebhookView(
        id=row["webhook_id"],
        url=row["url"],
        types=None if row["types"] is None else [public_type(kind) for kind in row["types"]],
        state=row["state"],
        reason=row["reason"],
        failing_since=_instant(row["failing_since"]),
        previous_secret_until=_instant(row["previous_until"]),
        created_at=rfc3339(row["created_at"]),
    )


def _instant(value: Any) -> str | None:
    return value and rfc3339(value)


EXAMPLE = {"url": "https://crm.example.org/loyalty", "types": ["loyalty.purchase.recorded.v1"]}
EXAMPLE_VIEW = {
    "id": "019a2011-0405-775b-a666-3189a5d947d5",
    "url": "https://crm.example.org/loyalty",
    "types": ["loyalty.purchase.recorded.v1"],
    "state": "on",
    "reason": None,
    "failing_since": None,
    "previous_secret_until": None,
    "created_at": "2026-11-21T09:14:03Z",
}
EXAMPLE_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"

ROUTES = [
    Route(
        method="POST",
        path="/v1/webhooks",
        handler=open_,
        summary="Send the program's events to an address, signed after Standard Webhooks; the secret is told once",
        idempotent=True,
        body=WebhookBody,
        answer=OpenedWebhook,
        status=201,
        refusals=(TooManyWebhooks,),
        example=EXAMPLE,
        example_answer=EXAMPLE_VIEW | {"secret": EXAMPLE_SECRET},
    ),
    Route(
        method="GET",
        path="/v1/webhooks",
        handler=list_,
        summary="List the program's webhooks, without their secrets",
        answer=WebhookList,
    ),
    Route(
        method="GET",
        path="/v1/webhooks/{webhook_id}",
        handler=read,
        summary="Read a webhook: whether it is on, and since when it fails",
        answer=WebhookView,
        refusals=(WebhookNotFound,),
        example_answer=EXAMPLE_VIEW,
    ),
    Route(
        method="PATCH",
        path="/v1/webhooks/{webhook_id}",
        handler=change,
        summary="Change where a webhook leads, what it is sent, or switch it off and on, where it goes on",
        body=WebhookPatch,
        answer=WebhookView,
        refusals=(WebhookNotFound,),
        example={"state": "on"},
        example_answer=EXAMPLE_VIEW,
    ),
    Route(
        method="DELETE",
        path="/v1/webhooks/{webhook_id}",
        handler=close,
        summary="Delete a webhook with its deliveries",
        answer=None,
        status=204,
        refusals=(WebhookNotFound,),
    ),
    Route(
        method="POST",
        path="/v1/webhooks/{webhook_id}/secret",
        handler=rotate,
        summary="A new secret, told once; the one before signs too for a while",
        idempotent=True,
        body=SecretBody,
        answer=SecretAnswer,
        status=201,
        refusals=(WebhookNotFound,),
        example={"overlap_hours": 24},
        example_answer={
            "id": EXAMPLE_VIEW["id"],
            "secret": EXAMPLE_SECRET,
            "previous_secret_until": "2026-11-22T09:14:03Z",
        },
    ),
]
