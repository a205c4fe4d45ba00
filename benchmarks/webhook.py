"""``python -m benchmarks.webhook``: how long after a till's answer the events of its purchase reach a webhook.

Tills post 500 purchases a second, whatever became of those before, to a server of the product; a worker of the product
relays the events, signs them and posts each to a receiver on loopback, by a webhook that is sent every event. Counted
is from when a till had its answer to when the receiver had the event; one that comes before the answer counts as zero.
PostgreSQL's fsync is on, and everything shares the machine: tills and receiver too. Writes build/webhook.json.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import click
import msgspec

from benchmarks.cpu import Meter
from benchmarks.machine import machine_facts
from benchmarks.open_load import OpenLoad
from benchmarks.purchases import Cards, Requests
from benchmarks.receiver import Receiver
from benchmarks.report import Judged, Ratio
from benchmarks.served import HOST, Working
from benchmarks.shop import FIRST_CARD
from benchmarks.stage import Stage
from benchmarks.written import BUILD, write_json
from loyalty_api.domain.programs.queries import program_ids
from loyalty_api.domain.webhooks.open import open_webhook
from loyalty_api.kernel.clock import now
from loyalty_api.kernel.database import Database

MEMBERS, PER_SECOND, TILLS = 20_000, 500, 64
WARM_SECONDS, SECONDS, ROUNDS = 2, 10, 3
ARRIVE_SECONDS_MAX = 30.0
EVENTS = "loyalty.purchase.recorded.v1", "loyalty.points.earned.v1"  # of each of these purchases
P99 = Ratio("insight_webhook_p99_ms", "an event to a webhook, p99 (ms)", "p99_ms", "webhook", None, must=1000, aim=500)


class Round(NamedTuple):
    """One round: milliseconds from answer to event, sorted, and CPU of a purchase in the worker."""

    took_ms: list[float]
    purchases: int
    per_second: float
    worker_cpu_us: float

    def percentile(self, percent: int) -> float:
        """By the nearest rank."""
        return self.took_ms[min(len(self.took_ms) - 1, len(self.took_ms) * percent // 100)]


@click.command()
@click.option("--seconds", default=SECONDS, show_default=True, type=click.IntRange(1), help="Of one round.")
@click.option("--rounds", default=ROUNDS, show_default=True, type=click.IntRange(1), help="Behind the warm-up.")
@click.option("--rate", default=PER_SECOND, show_default=True, type=click.IntRange(1), help="Purchases a second.")
def main(seconds: int, rounds: int, rate: int) -> None:
    """Measures, prints, writes build/webhook.json and ends with 1 when the limit does not hold."""
    with Stage(members=MEMBERS) as stage:
        measured = measure_webhook(stage, seconds=seconds, rounds=rounds, rate=rate)
        machine = asyncio.run(machine_facts(stage.url("postgres")))
    judged = judge_webhook(measured)
    told = {"insight": {"webhook": webhook_figures(measured)}, "verdict": judged.verdict, "machine": machine}
    write_json(BUILD / "webhook.json", told)
    click.echo((BUILD / "webhook.json").read_text())
    raise SystemExit(not P99.reaches(judged.value, P99.must))


def measure_webhook(
    stage: Stage, *, seconds: float = SECONDS, rounds: int = ROUNDS, rate: int = PER_SECOND, warm: float = WARM_SECONDS
) -> list[Round]:
    """The rounds behind the warm-up, on a database of their own."""
    stage.copy({"webhook"})
    stage.warm({"webhook"})
    url, port = stage.url("webhook"), stage.served("webhook").port
    requests = Requests(stage.shop, HOST, now(), Cards(FIRST_CARD, stage.shop.members))
    with Receiver() as receiver:
        asyncio.run(_open(url, receiver.url))
        with Working(url, settings={"LOYALTY_WEBHOOKS_LOCAL": "true"}) as worker:
            _round(port, requests, receiver, worker, rate, warm)
            return [_round(port, requests, receiver, worker, rate, seconds) for _ in range(rounds)]


def webhook_figures(rounds: list[Round]) -> dict[str, Any]:
    """The medians of the rounds, as they are written."""
    return {
        "p50_ms": round(statistics.median(each.percentile(50) for each in rounds), 1),
        "p99_ms": round(statistics.median(each.percentile(99) for each in rounds), 1),
        "p99_ms_highest": round(max(each.percentile(99) for each in rounds), 1),
        "max_ms": round(max(each.took_ms[-1] for each in rounds), 1),
        "purchases_per_second": round(statistics.median(each.per_second for each in rounds)),
        "events_per_purchase": len(EVENTS),
        "worker_cpu_us": round(statistics.median(each.worker_cpu_us for each in rounds), 1),
        "rounds": len(rounds),
    }


def judge_webhook(rounds: list[Round]) -> Judged:
    """Whether it is quick enough."""
    found = [each.percentile(99) for each in rounds]
    return Judged(P99, statistics.median(found), min(found), max(found))


async def _open(url: str, receiver: str) -> None:
    database = await Database.open(url, pool_size=1)
    try:
        async with database.reader() as connection:
            (program_id,) = await program_ids(connection)
        await database.write(
            lambda connection: open_webhook(
                connection, program_id=program_id, url=receiver, kinds=None, now=now(), actor="bench"
            )
        )
    finally:
        await database.close()


def _round(
    port: int, requests: Iterator[bytes], receiver: Receiver, worker: Working, rate: int, seconds: float
) -> Round:
    answers: list[tuple[float, bytes]] = []
    meter = Meter(worker.process_id)
    meter.start()
    with OpenLoad((HOST, port), requests, connections=TILLS, hear=lambda *answer: answers.append(answer)) as load:
        seen = load.run(per_second=rate, seconds=seconds)
    assert not seen.refused, f"{len(seen.refused)} purchases were refused"
    answered = {_purchase_of(answer): at for at, answer in answers}
    came = _await(receiver, set(answered))
    meter.stop()
    took = sorted(max(0.0, at - answered[purchase]) * 1000 for (purchase, _), at in came.items())
    return Round(took, len(answers), len(answers) / seen.seconds, meter.seconds[0] / len(answers) * 1e6)


def _await(receiver: Receiver, purchases: set[str]) -> dict[tuple[str, str], float]:
    """When each event of these purchases came first, (purchase, type); waits until none is missing."""
    came: dict[tuple[str, str], float] = {}
    deadline = time.monotonic() + ARRIVE_SECONDS_MAX
    while missing := len(purchases) * len(EVENTS) - len(came):
        assert time.monotonic() < deadline, f"{missing} events of {len(purchases)} purchases did not arrive"
        time.sleep(0.1)
        for at, body in receiver.take():
            event = msgspec.json.decode(body)
            if event["type"] in EVENTS and event["data"]["purchase_id"] in purchases:
                came.setdefault((event["data"]["purchase_id"], event["type"]), at)
    return came


def _purchase_of(answer: bytes) -> str:
    return msgspec.json.decode(answer.partition(b"\r\n\r\n")[2])["id"]


if __name__ == "__main__":
    main()
