"""What a phone does while something is on its way to it: it ends an operation, whose name is free then, or is gone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import jwt
import pytest

from loyalty_api.domain.access.signer import Claims, Signer
from loyalty_api.domain.programs.queries import Catalogue
from loyalty_api.graphql import live
from loyalty_api.graphql.endpoint import Endpoint
from loyalty_api.graphql.phones import Phones
from loyalty_api.graphql.socket import AGAIN_LATER, PROTOCOL, Sockets
from loyalty_api.kernel.clock import now
from loyalty_api.kernel.database import Database
from loyalty_api.kernel.facts import Facts
from loyalty_api.settings import Settings
from tests.make.live import REDEMPTION, WAIT_SECONDS_MAX
from tests.make.phone import Phone
from tests.make.reward import make_reward
from tests.make.shop import Shop

SUBSCRIBE = {"type": "subscribe", "id": "1", "payload": {"query": REDEMPTION}}


class PhoneWithin:
    """A phone that the service reaches without a network, so that it acts exactly while something is sent to it."""

    def __init__(self, token: str) -> None:
        self.heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.ends_while_told = False
        self.closed: asyncio.Future[int] = asyncio.Future()
        self._ponged = asyncio.Event()
        self._said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._said.put_nowait({"type": "websocket.connect"})
        self.say({"type": "connection_init", "payload": {"token": token}})

    def say(self, message: dict[str, Any]) -> None:
        """Sends a message."""
        self._said.put_nowait({"type": "websocket.receive", "text": json.dumps(message)})

    def leave(self) -> None:
        """Hangs up."""
        self._said.put_nowait({"type": "websocket.disconnect", "code": 1001})

    async def receive(self) -> dict[str, Any]:
        """What the service hears next."""
        return await self._said.get()

    async def send(self, message: dict[str, Any]) -> None:
        """Hears a message."""
        if message["type"] == "websocket.close":
            self.closed.set_result(message["code"])
        if message["type"] != "websocket.send":
            return
        told = json.loads(message["text"])
        if told["type"] == "pong":
            self._ponged.set()
            return
        self.heard.put_nowait(told)
        if told["type"] == "next" and self.ends_while_told:
            self.ends_while_told = False
            self.say({"type": "complete", "id": told["id"]})
            self.say(SUBSCRIBE)
            self.say({"type": "ping"})
            await self._ponged.wait()

    async def hear(self) -> dict[str, Any]:
        """The next message."""
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            return await self.heard.get()


@asynccontextmanager
async def connected(database: Database, token: str) -> AsyncGenerator[PhoneWithin]:
    """A phone that was let in with a token that was issued elsewhere; it hangs up in the end."""
    signer = Signer(["a secret of a test, long enough to be one"])
    phones = Phones(
        database=database,
        catalogue=Catalogue(),
        signer=signer,
        settings=Settings(database_url="postgresql://unused"),
        facts=Facts(),
    )
    phone = PhoneWithin(_signed_anew(token, signer))
    scope = {"type": "websocket", "subprotocols": [PROTOCOL], "headers": []}
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(Sockets(Endpoint(phones))(scope, phone.receive, phone.send))
        assert await phone.hear() == {"type": "connection_ack"}
        yield phone
        phone.leave()


async def test_what_is_set_aside_is_told_to_a_subscription_that_begins_while_the_one_before_is_told(
    make_shop: Callable[..., Shop], database: Database
) -> None:
    shop = make_shop(rewards=[make_reward(points=20)])
    member = shop.enrol()
    shop.buy(member, 10_000)
    held = shop.redeem(member, complete=False)
    async with connected(database, Phone.of(shop, member).token) as phone:
        phone.ends_while_told = True
        phone.say(SUBSCRIBE)
        for _ in ("the one that was ended", "the one that began"):
            told = await phone.hear()
            assert told["payload"]["data"]["redemptionChanged"]["redemptionId"] == held["id"]


async def test_a_query_that_the_phone_ends_while_it_is_answered_does_not_end_what_begins_under_its_name(
    make_shop: Callable[..., Shop], database: Database
) -> None:
    shop = make_shop(rewards=[make_reward(points=20)])
    member = shop.enrol()
    shop.buy(member, 10_000)
    shop.redeem(member, complete=False)
    async with connected(database, Phone.of(shop, member).token) as phone:
        phone.ends_while_told = True
        phone.say({"type": "subscribe", "id": "1", "payload": {"query": "{ viewer { number } }"}})
        assert (await phone.hear())["payload"]["data"] == {"viewer": {"number": member["number"]}}
        told = await phone.hear()
        assert told["type"] == "next", "the end of the query would be taken for that of the subscription"


async def test_a_phone_that_answers_no_ping_is_gone_and_one_that_does_stays(
    shop: Shop, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "BEAT_SECONDS", 0.2)
    token = Phone.of(shop, shop.enrol()).token
    async with connected(database, token) as there, connected(database, token) as gone:
        for _ in range(5):
            assert await there.hear() == {"type": "ping"}
            there.say({"type": "pong"})
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            assert await gone.closed == AGAIN_LATER
        assert not there.closed.done()


async def test_when_something_fails_here_the_phone_connects_again(
    shop: Shop, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clients of graphql-ws take most codes below 2000 for the end."""
    async with connected(database, Phone.of(shop, shop.enrol()).token) as phone:
        monkeypatch.setattr(live, "admit", None)
        phone.say(SUBSCRIBE)
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            assert await phone.closed == AGAIN_LATER


def _signed_anew(issued: str, signer: Signer) -> str:
    """The same sign-in, as a service with this signer writes it."""
    said = jwt.decode(issued, options={"verify_signature": False})
    ids = {"program_id": UUID(said["program"]), "member_id": UUID(said["sub"]), "grant_id": UUID(said["grant"])}
    return signer.sign(Claims(use="access", generation=0, expires_at=now() + timedelta(hours=1), **ids))
