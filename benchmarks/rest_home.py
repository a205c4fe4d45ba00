"""The home screen as REST would answer it: one handler, written by hand, that reads what the GraphQL query reads and
answers the same facts, with the same checks of the same token. The GraphQL query is compared with it.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from loyalty_api.domain.access.queries import check_granted, grant_ask
from loyalty_api.domain.access.signer import Signer
from loyalty_api.domain.lifecycle.history import Movement, movements_of
from loyalty_api.domain.lifecycle.tell_movement import tell_movement
from loyalty_api.domain.members.queries import check_may_sign_in, everyone, read_member
from loyalty_api.domain.points.queries import points_and_expiring
from loyalty_api.domain.programs.queries import Catalogue
from loyalty_api.domain.rewards.catalogue import Offered, offered_rewards
from loyalty_api.domain.tiers.queries import held_tiers
from loyalty_api.domain.tiers.rules import window_of
from loyalty_api.kernel.clock import local_date, now
from loyalty_api.kernel.database import Connection, Database
from loyalty_api.kernel.paging import Page
from loyalty_api.kernel.together import ask

AHEAD = timedelta(days=90)
_encode = msgspec.json.Encoder().encode


class RestHome:
    """An ASGI application: ``GET /home`` with a member's token."""

    def __init__(self) -> None:
        self._signer = Signer([os.environ["LOYALTY_TOKEN_SECRETS"]])
        self._catalogue = Catalogue()
        self._database: Database | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answers one request."""
        if scope["type"] == "lifespan":
            await receive()
            self._database = await Database.open(os.environ["LOYALTY_DATABASE_URL"], pool_size=8)
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await self._database.close()
            await send({"type": "lifespan.shutdown.complete"})
            return
        body = await self._home(dict(scope["headers"])) if scope["path"] == "/home" else b"{}"
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _home(self, headers: dict[bytes, bytes]) -> bytes:
        received_at = now()
        claims = self._signer.read(headers[b"authorization"].decode()[len("Bearer ") :], "access", received_at)
        assert self._database is not None, "the lifespan opens it"
        async with self._database.reader() as connection:
            check_granted(await ask(connection, grant_ask(claims.member_id, claims.grant_id)))
            await check_may_sign_in(connection, program_id=claims.program_id, member_id=claims.member_id)
            return _encode(await self._read(connection, claims.program_id, claims.member_id, received_at))

    async def _read(self, connection: Connection, program_id: UUID, member_id: UUID, received_at: Any) -> Any:
        named = {"program_id": program_id, "member_id": member_id}
        program = await self._catalogue.one(connection, program_id)
        present = program.present(received_at)
        member = await read_member(connection, **named)
        points, expiring = await points_and_expiring(
            connection, member_id=member_id, zone=program.zone, now=present, until=present + AHEAD
        )
        tiers = program.version_at(present).document.tiers
        assert tiers is not None, "the bench's program has tiers"
        window = window_of(tiers, local_date(present, program.zone))
        held = await held_tiers(connection, program_id=program_id, tiers=tiers, member_ids=[member_id], window=window)
        mine = await everyone(connection, **named)
        movements = await movements_of(connection, member_ids=mine, page=Page(10, None))
        offered = await offered_rewards(connection, program, member_id, now=present)
        return {
            "number": member.number,
            "profile": member.profile,
            "points": points,
            "expiring": [{"points": each.points, "at": each.at} for each in expiring],
            "tier": held[member_id],
            "activity": [_activity(each, program.currency) for each in movements[:10]],
            "rewards": [_reward(each) for each in offered[:10]],
        }


def _activity(movement: Movement, currency: str) -> dict[str, Any]:
    row = movement.row
    return {
        "id": f"{row['member_id'].hex}{row['seq']:x}",
        "kind": row["kind"],
        "points": row["points"],
        "text": tell_movement(movement, language="en", currency=currency),
        "occurred_at": row["occurred_at"],
        "balance_after": {
            "available": row["spendable_after"] - row["debt_after"],
            "pending": row["pending_after"],
            "reserved": row["reserved_after"],
        },
    }


def _reward(offered: Offered) -> dict[str, Any]:
    reward, hindered = offered.reward, offered.hindered
    return {
        "code": reward.code,
        "kind": reward.kind,
        "points": reward.points,
        "left": offered.left,
        "may_redeem": hindered is None,
        "why_not": {"code": hindered.code, "message": hindered.detail} if hindered is not None else None,
    }


def create() -> RestHome:
    """For the web server."""
    return RestHome()
