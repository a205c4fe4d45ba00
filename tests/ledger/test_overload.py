"""A served API whose writers are stuck, whose clients hang up, whose database kills: everyone is answered, once."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import chain
from typing import Any

import asyncpg
import httpx
import pytest
from tests.make.problem import problem
from tests.make.purchase import make_purchase
from tests.make.shop import Shop, bearer

from loyalty_api.domain.lifecycle.verify import verify
from loyalty_api.kernel.database import Database
from loyalty_api.rest.door import BATCHES_MAX

QUEUE_MAX = 8
ANSWER_SECONDS_MAX = 20.0  # far below the minute after which a stuck statement would end by itself

_STUCK = (
    "SELECT pid FROM pg_stat_activity"
    " WHERE datname = current_database() AND application_name = 'loyalty_api' AND wait_event_type = 'Lock'"
)


@pytest.fixture(scope="module")
def small_queue(start_api: Callable, own_database_url: str) -> str:
    """An API with one writer that lets eight purchases wait; its address."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LOYALTY_QUEUE_MAX", str(QUEUE_MAX))
        return start_api(own_database_url).url


@pytest.fixture
def till(small_queue: str, own_operator: str) -> Iterator[Shop]:
    """A shop behind it, whose key is known there."""
    with httpx.Client(base_url=small_queue, timeout=30) as http:
        shop = Shop.open(http, own_operator, {})
        shop.buy(shop.enrol())
        yield shop


class Stuck:
    """Other people's hold on members' balances: who writes them waits."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def writers(self) -> list[int]:
        """The backends that wait for a lock, once there are any."""
        for _ in range(1000):
            if rows := await self._connection.fetch(_STUCK):
                return [row["pid"] for row in rows]
            await asyncio.sleep(0.01)
        raise AssertionError("nobody waits for what is held")

    async def kill_writers(self) -> None:
        """Ends those backends, as an administrator or a failing server does."""
        for process_id in await self.writers():
            await self._connection.execute("SELECT pg_terminate_backend($1)", process_id)

    async def release(self) -> None:
        """Lets go."""
        await self._connection.execute("COMMIT")


@asynccontextmanager
async def holding(url: str, *members: dict[str, Any]) -> AsyncIterator[Stuck]:
    """Holds the members' balances; released at the latest at the end."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("BEGIN")
        await connection.fetch(
            "SELECT FROM balances WHERE member_id = ANY($1::uuid[]) FOR UPDATE", [member["id"] for member in members]
        )
        yield Stuck(connection)
    finally:
        await connection.close()


class Tills:
    """Purchases on their way, each over a connection of its own."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._client = httpx.AsyncClient(
            base_url=str(shop.http.base_url), headers=bearer(shop.key), timeout=ANSWER_SECONDS_MAX
        )

    async def __aenter__(self) -> Tills:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    def post(self, body: Any, path: str = "/v1/purchases") -> asyncio.Task[httpx.Response]:
        """The answer to come."""
        return asyncio.create_task(self._client.post(path, json=body))

    async def post_behind_the_first(self, stuck: Stuck, bodies: list[dict[str, Any]]) -> list[asyncio.Task]:
        """Posts the first, which gets stuck alone, then the others, which queue up behind it."""
        first = self.post(bodies[0])
        await stuck.writers()
        tasks = [first, *map(self.post, bodies[1:])]
        await asyncio.sleep(0.5)  # on their way into the queue
        return tasks


async def recorded(database: Database, bodies: list[dict[str, Any]], shop: Shop) -> Counter[str]:
    """How often each purchase stands in the database, by reference."""
    references = [body["reference"] for body in bodies]
    async with database.reader() as connection:
        rows = await connection.fetch(
            "SELECT reference FROM purchases JOIN programs USING (program_id)"
            " WHERE code = $1 AND reference = ANY($2::text[])",
            shop.document["program"],
            references,
        )
    return Counter(row["reference"] for row in rows)


def once(bodies: list[dict[str, Any]]) -> Counter[str]:
    return Counter(body["reference"] for body in bodies)


async def test_a_full_queue_is_told_while_the_writer_is_stuck_and_what_was_accepted_is_recorded_once(
    till: Shop, own_database_url: str, own_database: Database
) -> None:
    members = [till.enrol() for _ in range(20)]
    bodies = [make_purchase(member["card"]) for member in members]
    async with holding(own_database_url, *members) as stuck, Tills(till) as tills:
        asked = {tills.post(body): body for body in bodies}
        refused: list[asyncio.Task] = []
        for answer in asyncio.as_completed(asked):
            refused.append(await answer)  # the accepted ones cannot come: what they write is held
            if len(refused) == len(bodies) - QUEUE_MAX:
                break
        assert await stuck.writers(), "the refused were answered while the writer was stuck"
        for each in refused:
            problem(each, 503, "service.busy")
            assert each.headers["retry-after"] == "1"
        told = [body for task, body in asked.items() if task.done()]
        waiting = [body for task, body in asked.items() if not task.done()]
        assert (len(told), len(waiting)) == (len(bodies) - QUEUE_MAX, QUEUE_MAX)
        assert till.member(members[0]["id"])["points"]["available"] == 0, "reads go on"
        assert await recorded(own_database, bodies, till) == Counter()
        await stuck.release()
        answers = await asyncio.gather(*asked)
        assert Counter(answer.status_code for answer in answers) == {201: QUEUE_MAX, 503: len(told)}
        assert await recorded(own_database, bodies, till) == once(waiting)

        again = await asyncio.gather(*(tills.post(body) for body in told[:QUEUE_MAX]))
        assert {answer.status_code for answer in again} == {201}, "it takes purchases again by itself"
        replayed = await asyncio.gather(*(tills.post(body) for body in waiting))
        assert {answer.status_code for answer in replayed} == {200}
    assert (await verify(own_database)).found == 0


async def test_one_batch_too_many_is_told_while_the_others_wait_and_they_are_recorded_once(
    till: Shop, own_database_url: str, own_database: Database
) -> None:
    member = till.enrol()
    batches = [[make_purchase(member["card"]) for _ in range(3)] for _ in range(BATCHES_MAX + 2)]
    async with holding(own_database_url, member) as stuck, Tills(till) as tills:
        asked = {tills.post(batch, "/v1/purchases/batch"): batch for batch in batches}
        answers = asyncio.as_completed(asked)
        for _ in range(len(batches) - BATCHES_MAX):
            problem(await next(answers), 503, "service.busy")
        told = [batch for task, batch in asked.items() if task.done()]
        waiting = {task: batch for task, batch in asked.items() if not task.done()}
        assert len(waiting) == BATCHES_MAX
        assert await recorded(own_database, list(chain(*batches)), till) == Counter()
        await stuck.release()
        for task, batch in waiting.items():
            assert [result["status"] for result in (await task).json()["results"]] == ["recorded"] * len(batch)
        assert await recorded(own_database, list(chain(*batches)), till) == once(list(chain(*waiting.values())))
        again = [(await tills.post(batch, "/v1/purchases/batch")).status_code for batch in told]
        assert again == [200] * len(told), "it takes batches again by itself"
    assert await recorded(own_database, list(chain(*batches)), till) == once(list(chain(*batches)))
    assert (await verify(own_database)).found == 0


@pytest.mark.parametrize("sent", ["whole", "half"])
async def test_a_client_that_hangs_up_harms_nobody(
    till: Shop, own_database_url: str, own_database: Database, sent: str
) -> None:
    members = [till.enrol() for _ in range(5)]
    bodies = [make_purchase(member["card"]) for member in members]
    lost = make_purchase(till.enrol()["card"])
    async with holding(own_database_url, *members) as stuck, Tills(till) as tills:
        first = tills.post(bodies[0])
        await stuck.writers()
        _, writer = await asyncio.open_connection(till.http.base_url.host, till.http.base_url.port)
        request = raw_request(lost, till.key)
        writer.write(request if sent == "whole" else request[:-50])
        await writer.drain()
        neighbours = [first, *map(tills.post, bodies[1:])]
        await asyncio.sleep(0.5)  # on their way into the queue
        writer.close()
        await writer.wait_closed()
        await stuck.release()
        answers = await asyncio.gather(*neighbours)
        assert [answer.status_code for answer in answers] == [201] * 5
        assert await recorded(own_database, bodies, till) == once(bodies)
        again = await tills.post(lost)
        assert again.status_code == (201 if sent == "half" else 200), "what was sent whole was accepted"
    assert await recorded(own_database, [lost], till) == once([lost])
    assert (await verify(own_database)).found == 0


def raw_request(body: dict[str, Any], key: str) -> bytes:
    """The request to the byte, for a socket."""
    content = json.dumps(body).encode()
    head = [
        "POST /v1/purchases HTTP/1.1",
        "host: a-till",
        f"authorization: Bearer {key}",
        "content-type: application/json",
        f"content-length: {len(content)}",
    ]
    return "\r\n".join([*head, "", ""]).encode() + content


@asynccontextmanager
async def poisoned(url: str, reference: str) -> AsyncIterator[None]:
    """The database does not take this one purchase, and fails every statement that holds it."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            f"ALTER TABLE purchases ADD CONSTRAINT poison CHECK (reference <> '{reference}') NOT VALID"
        )
        yield
    finally:
        await connection.execute("ALTER TABLE purchases DROP CONSTRAINT IF EXISTS poison")
        await connection.close()


async def test_a_poison_purchase_in_the_queue_is_answered_alone_and_its_neighbours_are_recorded(
    till: Shop, own_database_url: str, own_database: Database
) -> None:
    members = [till.enrol() for _ in range(QUEUE_MAX)]
    bodies = [make_purchase(member["card"]) for member in members]
    poison, others = bodies[4], bodies[:4] + bodies[5:]
    async with (
        poisoned(own_database_url, poison["reference"]),
        holding(own_database_url, members[0]) as stuck,
        Tills(till) as tills,
    ):
        tasks = await tills.post_behind_the_first(stuck, bodies)
        await stuck.release()
        answers = await asyncio.gather(*tasks)
    problem(answers[4], 500, "service.failed")
    assert [answer.status_code for index, answer in enumerate(answers) if index != 4] == [201] * 7
    assert await recorded(own_database, bodies, till) == once(others)
    async with own_database.reader() as connection:
        transactions = await connection.fetchval(
            "SELECT count(DISTINCT xmin::text) FROM purchases WHERE reference = ANY($1::text[])",
            [body["reference"] for body in others],
        )
    assert transactions < len(others), "it shared a batch that was halved, not taken apart"
    assert till.post(poison).status_code == 201, "nothing of it was kept"
    assert (await verify(own_database)).found == 0


async def test_a_poison_purchase_in_a_batch_is_refused_alone(
    till: Shop, own_database_url: str, own_database: Database
) -> None:
    bodies = [make_purchase(till.enrol()["card"]) for _ in range(20)]
    async with poisoned(own_database_url, bodies[13]["reference"]):
        results = till.call("POST", "/v1/purchases/batch", bodies).json()["results"]
    assert [result["status"] for result in results] == ["recorded"] * 13 + ["refused"] + ["recorded"] * 6
    assert results[13]["problem"]["code"] == "service.failed"
    assert await recorded(own_database, bodies, till) == once(bodies[:13] + bodies[14:])
    again = till.call("POST", "/v1/purchases/batch", bodies).json()["results"]
    assert Counter(result["status"] for result in again) == {"replayed": 19, "recorded": 1}
    assert (await verify(own_database)).found == 0


async def test_a_writer_that_is_killed_answers_its_batch_and_the_next_one_takes_the_rest(
    till: Shop, own_database_url: str, own_database: Database
) -> None:
    members = [till.enrol() for _ in range(QUEUE_MAX)]
    bodies = [make_purchase(member["card"]) for member in members]
    async with holding(own_database_url, members[0]) as stuck, Tills(till) as tills:
        tasks = await tills.post_behind_the_first(stuck, bodies)
        await stuck.kill_writers()
        answers = await asyncio.gather(*tasks)
        problem(answers[0], 503, "service.busy")
        assert answers[0].headers["retry-after"] == "1"
        assert [answer.status_code for answer in answers[1:]] == [201] * 7
        assert await recorded(own_database, bodies, till) == once(bodies[1:]), "nothing of what was killed"
        await stuck.release()
        assert (await tills.post(bodies[0])).status_code == 201
    assert (await verify(own_database)).found == 0


async def test_everyone_in_a_batch_whose_writer_is_killed_is_told_to_ask_again(
    till: Shop, own_database_url: str, own_database: Database
) -> None:
    members = [till.enrol() for _ in range(QUEUE_MAX)]
    bodies = [make_purchase(member["card"]) for member in members]
    async with (
        holding(own_database_url, members[0]) as first,
        holding(own_database_url, *members[1:]) as others,
        Tills(till) as tills,
    ):
        tasks = await tills.post_behind_the_first(first, bodies)
        await first.release()
        assert (await tasks[0]).status_code == 201
        await others.kill_writers()
        told = await asyncio.gather(*tasks[1:])
        assert {answer.status_code for answer in told} == {503}
        assert await recorded(own_database, bodies, till) == once(bodies[:1])
        await others.release()
        again = await asyncio.gather(*map(tills.post, bodies))
        assert Counter(answer.status_code for answer in again) == {201: 7, 200: 1}
    assert (await verify(own_database)).found == 0
