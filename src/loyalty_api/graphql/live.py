"""The subscriptions of one connection: woken by facts of its member, each told what it asked for when that differs.

Between two messages nothing is held but the phone's connection. All subscriptions that are woken read one instant of
the database together, behind another look at whether the member may still be told anything.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode, OperationDefinitionNode
from loyalty_api.domain.access.refusals import TokenRefused
from loyalty_api.graphql.documents import Prepared
from loyalty_api.graphql.identity import Token, admit
from loyalty_api.graphql.phones import Phones, Request, Who
from loyalty_api.graphql.problems import cause_of
from loyalty_api.graphql.redemptions import RedemptionStatus
from loyalty_api.graphql.run import Asked, execute_prepared, tell
from loyalty_api.graphql.subscriptions import REDEMPTIONS, is_woken, present_redemptions
from loyalty_api.kernel.clock import now
from loyalty_api.kernel.facts import Ear
from loyalty_api.kernel.logging import logger
from loyalty_api.kernel.refusals import Busy

BEAT_SECONDS = 45.0  # between two looks at the present while nothing is heard; proxies hang up after a minute
AGAIN_SECONDS = 1.0  # when the database is out of reach


class PhoneGone(Exception):
    """Nothing was heard of the phone since it was pinged."""


Send = Callable[[dict[str, Any]], Awaitable[None]]

log = logger(__name__)


class Subscribed:
    """One subscription; ``field``: of the root. ``told``: the last message, or the status of each redemption: of this
    one, for another may begin under the same name while a message of it is on its way."""

    __slots__ = ("asked", "cost", "field", "prepared", "told")

    def __init__(self, asked: Asked, prepared: Prepared, cost: int, field: str) -> None:
        self.asked = asked
        self.prepared = prepared
        self.cost = cost
        self.field = field
        self.told: Any = None


class Live:
    """One per connection. ``send``: sends a message of the protocol."""

    def __init__(self, phones: Phones, reads: asyncio.Semaphore, token: Token, who: Who, language: str, send: Send):
        self._phones = phones
        self._reads = reads
        self._token = token
        self._who = who
        self._language = language
        self._send = send
        self._subscribed: dict[str, Subscribed] = {}
        self._pinged = False

    def start(self, name: str, subscribed: Subscribed, ear: Ear) -> None:
        """Begins with a subscription, by the name that its phone gave it."""
        self._subscribed[name] = subscribed
        ear.miss()

    def stop(self, name: str) -> None:
        """Ends it."""
        self._subscribed.pop(name, None)

    def answered(self) -> None:
        """The phone is there: it has said something."""
        self._pinged = False

    async def run(self, ear: Ear) -> None:
        """Tells whatever changes until the token is not good any more. Refuses: TokenRefused. Raises PhoneGone."""
        while True:
            kinds = await self._wait(ear)
            try:
                async with self._reads:
                    await self._round(kinds)
            except Busy:
                await asyncio.sleep(AGAIN_SECONDS * random.uniform(0.5, 1.5))
                ear.miss()

    async def _wait(self, ear: Ear) -> frozenset[str] | None:
        """The kinds of facts that were heard of; None: any, or none for a while."""
        left = (self._token.expires_at - now()).total_seconds()
        beat = BEAT_SECONDS * random.uniform(0.9, 1)
        try:
            async with asyncio.timeout(min(beat, left)):
                return await ear.heard()
        except TimeoutError:
            if now() >= self._token.expires_at:
                raise TokenRefused("This token has run out; connect again with a fresh one.") from None
            if self._pinged:
                raise PhoneGone from None
            self._pinged = True
            await self._send({"type": "ping"})
            return None

    async def _round(self, kinds: frozenset[str] | None) -> None:
        request = Request(self._phones, self._who, now(), self._language)
        try:
            await request.once("admitted", lambda connection: admit(connection, self._token))
            for name, subscribed in list(self._subscribed.items()):
                if is_woken(subscribed.field, kinds):
                    await self._tell(name, subscribed, request)
        finally:
            await request.forget()

    async def _tell(self, name: str, subscribed: Subscribed, request: Request) -> None:
        if subscribed.field == REDEMPTIONS:
            await self._tell_redemptions(name, subscribed, request)
            return
        payload = await self._payload(name, subscribed, request, None)
        if payload is not None and subscribed.told != payload:
            subscribed.told = payload
            await self._send({"type": "next", "id": name, "payload": payload})

    async def _tell_redemptions(self, name: str, subscribed: Subscribed, request: Request) -> None:
        """Each that stands otherwise than when it was told last; of those before the first look, what is set aside."""
        found = await present_redemptions(request)
        told = subscribed.told
        for each in found:
            if told is None and each.status is not RedemptionStatus.RESERVED:
                continue
            if told is not None and told.get(each.redemption_id) is each.status:
                continue
            payload = await self._payload(name, subscribed, request, each)
            if payload is None:
                return
            await self._send({"type": "next", "id": name, "payload": payload})
        subscribed.told = {each.redemption_id: each.status for each in found}

    async def _payload(self, name: str, subscribed: Subscribed, request: Request, root: Any) -> msgspec.Raw | None:
        """What the subscription asks for, as it is now; None: it is over, for it cannot be answered, or was ended."""
        result = await execute_prepared(subscribed.prepared, subscribed.asked, request, root)
        causes = [cause_of(error) for error in result.errors or ()]
        if busy := next((each for each in causes if isinstance(each, Busy)), None):
            raise busy
        if self._subscribed.get(name) is not subscribed:
            return None
        payload = tell(result, subscribed.cost)
        if result.data is None:
            self.stop(name)
            await self._send({"type": "error", "id": name, "payload": payload["errors"]})
            return None
        return msgspec.Raw(msgspec.json.encode(payload))


def root_field(prepared: Prepared, operation: OperationDefinitionNode) -> str:
    """The one field of a valid subscription."""
    assert prepared.document is not None, "what has no document has errors"
    fragments = {
        each.name.value: each for each in prepared.document.definitions if isinstance(each, FragmentDefinitionNode)
    }
    selected: Any = operation
    while not isinstance(selected, FieldNode):
        within: Any = fragments[selected.name.value] if isinstance(selected, FragmentSpreadNode) else selected
        selected = within.selection_set.selections[0]
    return selected.name.value
