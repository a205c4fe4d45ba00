"""Receivers that speak no HTTP, or a lying one, byte by byte: each harms nobody but itself, and is served once it is
honest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import UUID

import msgspec
import pytest
from structlog.testing import capture_logs
from tests.make.receiver import QUICK, Open, deliveries, receiving, until, working
from tests.make.shop import Shop

from loyalty_api.kernel.database import Database

OK = b"HTTP/1.1 200 OK\r\n"
# What is no answer of success, whatever its first line says.
LIES = {
    "nothing": b"",
    "another protocol": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "binary": bytes(range(256)) * 8,
    "no status": b"HTTP/1.1 \r\n\r\n",
    "a status of letters": b"HTTP/1.1 two hundred\r\n\r\n",
    "a status beyond all": b"HTTP/1.1 20000 OK\r\ncontent-length: 0\r\n\r\n",
    "a status that nobody knows": b"HTTP/1.1 799 Hm\r\ncontent-length: 0\r\n\r\n",
    "a status below all": b"HTTP/1.1 000 Hm\r\ncontent-length: 0\r\n\r\n",
    "only go on": b"HTTP/1.1 100 Continue\r\n\r\n" * 20,
    "another protocol, agreed upon": b"HTTP/1.1 101 Switching Protocols\r\nupgrade: ssh\r\nconnection: upgrade\r\n\r\n",
    "a length that is longer than the body": OK + b"content-length: 100\r\n\r\nok",
    "a length below zero": OK + b"content-length: -1\r\n\r\nok",
    "a length of letters": OK + b"content-length: two\r\n\r\nok",
    "two lengths": OK + b"content-length: 2\r\ncontent-length: 3\r\n\r\nok",
    "a part without its end": OK + b"transfer-encoding: chunked\r\n\r\nffffffff\r\nok",
    "a part of no length": OK + b"transfer-encoding: chunked\r\n\r\nxyz\r\nok\r\n",
    "a line without end": OK + b"x: " + b"y" * 200_000,
    "lines without end": OK + b"".join(b"x-%d: y\r\n" % number for number in range(100_000)),
    "a name with NUL": OK + b"x\x00y: z\r\ncontent-length: 0\r\n\r\n",
}
# What is an answer of success, oddly written.
ODD = {
    "no length, and the end is the end": OK + b"connection: close\r\n\r\nthank you",
    "a body where there is none": b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n",
    "more than was announced": OK
    + b"content-length: 2\r\n\r\nok"
    + b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok" * 3,
    "letters of no code": OK + b"x-name: \xff\xfe\r\ncontent-length: 3\r\n\r\n\xff\x00\xfe",
    "an encoding that it has not": OK + b"content-encoding: gzip\r\ncontent-length: 2\r\n\r\nok",
}


class Liar:
    """Says ``words`` to whatever comes, and hangs up. ``requests``: how many came."""

    def __init__(self, words: bytes, *, drip: float = 0) -> None:
        self.words, self.drip, self.requests = words, drip, 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
            await reader.readexactly(length)
            self.requests += 1
            for part in [self.words] if not self.drip else [bytes([each]) for each in self.words]:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(self.drip)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the sender had enough
        finally:
            writer.close()


@asynccontextmanager
async def lying(liar: Liar) -> AsyncGenerator[str]:
    """Its address."""
    server = await asyncio.start_server(liar.answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"


async def test_liars_are_tried_again_and_delay_no_honest_receiver(shop: Shop, database: Database, open_: Open) -> None:
    async with AsyncExitStack() as opened:
        honest = await opened.enter_async_context(receiving())
        liars = {name: Liar(words) for name, words in LIES.items()}
        addresses = {name: await opened.enter_async_context(lying(liar)) for name, liar in liars.items()}
        with capture_logs() as logs:
            await opened.enter_async_context(working(database))
            hooks = {name: (await open_(shop, url, ["purchase.recorded"]))[0] for name, url in addresses.items()}
            await open_(shop, honest.url, ["purchase.recorded"])
            for _ in range(3):
                shop.buy(shop.enrol())
            await until(lambda: len(honest.accepted) == 3)
            for name, hook in hooks.items():
                await until(lambda hook=hook: tried_again(shop, hook))
                told = deliveries(shop, hook, state="waiting")
                assert len(told) == 3, name
                assert all(each["error"] or each["status"] not in range(200, 300) for each in told if each["attempts"])
            for liar in liars.values():
                liar.words = OK + b"content-length: 0\r\n\r\n"
            for name, hook in hooks.items():
                await until(lambda hook=hook: len(deliveries(shop, hook, state="delivered")) == 3)
                assert liars[name].requests >= 3
    assert [line for line in logs if line["log_level"] == "error"] == []


def tried_again(shop: Shop, hook: UUID) -> bool:
    return any(each["attempts"] >= 2 for each in deliveries(shop, hook, state="waiting"))


@pytest.mark.parametrize("words", ODD.values(), ids=ODD.keys())
async def test_an_answer_that_is_oddly_written_counts_for_its_own_event_alone(
    shop: Shop, database: Database, open_: Open, words: bytes
) -> None:
    liar = Liar(words)
    async with lying(liar) as url, working(database):
        hook, _ = await open_(shop, url, ["purchase.recorded"])
        member = shop.enrol()
        for _ in range(3):  # one after the other: on one connection, had it been kept
            shop.buy(member)
        await until(lambda: len(deliveries(shop, hook, state="delivered")) == 3)
    assert liar.requests == 3


async def test_an_answer_that_comes_letter_by_letter_ends_with_the_attempt(
    shop: Shop, database: Database, open_: Open
) -> None:
    liar = Liar(OK + b"content-length: 1000\r\n\r\n" + b"x" * 1000, drip=0.02)
    async with lying(liar) as url, working(database, pace=msgspec.structs.replace(QUICK, timeout=0.3)):
        hook, _ = await open_(shop, url, ["purchase.recorded"])
        shop.buy(shop.enrol())
        await until(lambda: tried_again(shop, hook))
        (told,) = deliveries(shop, hook)
        assert (told["status"], told["error"]) == (None, "the receiver did not answer in time")
        liar.words, liar.drip = OK + b"content-length: 0\r\n\r\n", 0
        await until(lambda: deliveries(shop, hook, state="delivered"))
