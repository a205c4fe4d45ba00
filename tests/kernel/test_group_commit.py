"""Group commit: what queued up shares a transaction, and everyone is answered whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from loyalty_api.kernel import group_commit
from loyalty_api.kernel.group_commit import PAUSE_SECONDS, QUEUE_SHORT, GroupCommit
from loyalty_api.kernel.refusals import Busy


class Runs:
    """Doubles numbers, a little later; notes the batches it was given. ``poison`` fails whatever holds it."""

    def __init__(self, poison: int | None = None) -> None:
        self.batches: list[list[int]] = []
        self.poison = poison

    async def __call__(self, commands: Sequence[int]) -> list[int]:
        self.batches.append(list(commands))
        await asyncio.sleep(0.01)
        if self.poison in commands:
            raise ValueError("poison")
        return [2 * command for command in commands]


class Clock:
    """Seconds that pass when a test says so."""

    seconds = 1000.0


async def test_commands_that_arrive_during_a_transaction_share_the_next_one() -> None:
    runs = Runs()
    group = GroupCommit(runs, lanes=1, queue_max=100)
    answers = await asyncio.gather(*(group.submit(number, key=1) for number in range(50)))
    assert answers == [2 * number for number in range(50)]
    assert len(runs.batches) == 1, "all fifty were queued before the writer looked"
    first = asyncio.create_task(group.submit(1, key=1))
    await asyncio.sleep(0.005)
    await asyncio.gather(first, *(group.submit(number, key=1) for number in range(10)))
    assert [len(batch) for batch in runs.batches[1:]] == [1, 10]


async def test_who_sends_again_at_once_shares_the_next_transaction_with_those_who_waited() -> None:
    runs = Runs()
    group = GroupCommit(runs, lanes=1, queue_max=100)

    async def till(number: int) -> None:
        for _ in range(3):
            await group.submit(number, key=1)

    first = [asyncio.create_task(till(number)) for number in range(4)]
    await asyncio.sleep(0.005)
    await asyncio.gather(*first, *(till(number) for number in range(4, 8)))
    assert [len(batch) for batch in runs.batches] == [4, 8, 8, 4], "not four by four"


async def test_a_batch_never_exceeds_its_limit() -> None:
    runs = Runs()
    group = GroupCommit(runs, lanes=1, queue_max=1000, batch_max=16)
    await asyncio.gather(*(group.submit(number, key=1) for number in range(100)))
    assert max(map(len, runs.batches)) == 16


async def test_a_poison_command_is_found_by_halving_and_answered_alone() -> None:
    runs = Runs(poison=37)
    group = GroupCommit(runs, lanes=1, queue_max=100)
    answers = await asyncio.gather(*(group.submit(n, key=1) for n in range(64)), return_exceptions=True)
    assert isinstance(answers[37], ValueError)
    assert [answer for n, answer in enumerate(answers) if n != 37] == [2 * n for n in range(64) if n != 37]
    assert len(runs.batches) <= 1 + 2 * 6, "halving, not one by one"


async def test_a_full_queue_refuses_at_once_and_recovers() -> None:
    group = GroupCommit(Runs(), lanes=1, queue_max=10)
    answers = await asyncio.gather(*(group.submit(n, key=1) for n in range(25)), return_exceptions=True)
    assert sum(isinstance(answer, Busy) for answer in answers) == 15
    assert await group.submit(4, key=1) == 8


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of group commits; it stands still."""
    clock = Clock()
    monkeypatch.setattr(group_commit, "monotonic", lambda: clock.seconds)
    return clock


async def accepted(group: GroupCommit[int, int], asked: int) -> int:
    """How many of so many at once."""
    answers = await asyncio.gather(*(group.submit(n, key=1) for n in range(asked)), return_exceptions=True)
    assert all(isinstance(answer, Busy) for answer in answers if not isinstance(answer, int))
    return sum(isinstance(answer, int) for answer in answers)


async def test_under_a_load_that_stays_too_much_the_queue_is_short_until_a_pause(clock: Clock) -> None:
    group = GroupCommit(Runs(), lanes=1, queue_max=100)
    assert [await accepted(group, 250) for _ in range(3)] == [100, QUEUE_SHORT, QUEUE_SHORT]
    clock.seconds += 0.9 * PAUSE_SECONDS
    assert await accepted(group, QUEUE_SHORT) == QUEUE_SHORT, "so many may always wait"
    assert await accepted(group, 250) == QUEUE_SHORT
    clock.seconds += PAUSE_SECONDS
    assert await accepted(group, 100) == 100
    assert Busy.retry_after_seconds > PAUSE_SECONDS, "who comes again as told finds room"


async def test_a_load_that_a_long_queue_carries_is_carried_again_behind_a_burst(clock: Clock) -> None:
    group = GroupCommit(Runs(), lanes=1, queue_max=100)
    assert await accepted(group, 100) == 100
    assert await accepted(group, 110) == 100
    assert await accepted(group, 100) == 100, "a burst that was hardly too much changes nothing"
    for _ in range(3):
        await accepted(group, 1000)
    carried = [await accepted(group, QUEUE_SHORT + QUEUE_SHORT // 4) for _ in range(20)]
    assert carried[0] == QUEUE_SHORT
    assert carried[-1] == QUEUE_SHORT + QUEUE_SHORT // 4, "without any pause"


async def test_a_caller_that_hangs_up_harms_nobody() -> None:
    group = GroupCommit(Runs(), lanes=1, queue_max=100)
    tasks = [asyncio.create_task(group.submit(n, key=1)) for n in range(5)]
    await asyncio.sleep(0.005)
    tasks[2].cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(answers[2], asyncio.CancelledError)
    assert [answers[n] for n in (0, 1, 3, 4)] == [0, 2, 6, 8]


async def test_a_writer_that_is_killed_answers_its_batch_and_is_replaced() -> None:
    group = GroupCommit(Runs(), lanes=1, queue_max=100, batch_max=2)
    tasks = [asyncio.create_task(group.submit(n, key=1)) for n in range(4)]
    await asyncio.sleep(0.005)
    writer = group._lanes[0].writer
    assert writer is not None
    writer.cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(answer, Busy) for answer in answers[:2])
    assert answers[2:] == [4, 6]


async def test_many_at_once_are_answered_in_order_with_errors_in_place() -> None:
    group = GroupCommit(Runs(poison=3), lanes=2, queue_max=1)
    answers = await group.submit_many(range(300))
    assert isinstance(answers[3], ValueError)
    assert [answer for n, answer in enumerate(answers) if n != 3] == [2 * n for n in range(300) if n != 3]


async def test_closing_waits_for_what_was_accepted() -> None:
    group = GroupCommit(Runs(), lanes=2, queue_max=100)
    tasks = [asyncio.create_task(group.submit(n, key=n)) for n in range(10)]
    await asyncio.sleep(0)
    await group.close()
    assert all(task.done() or not task.cancelled() for task in tasks)
    assert await asyncio.gather(*tasks) == [2 * n for n in range(10)]


@pytest.mark.parametrize("error", [ValueError("a bug"), Busy("the database is away")])
async def test_an_error_reaches_everyone_who_waited(error: Exception) -> None:
    async def fail(_commands: Sequence[int]) -> list[int]:
        raise error

    group = GroupCommit(fail, lanes=1, queue_max=100)
    answers = await asyncio.gather(*(group.submit(n, key=1) for n in range(8)), return_exceptions=True)
    assert answers == [error] * 8
