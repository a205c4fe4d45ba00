"""``loyalty work``: the worker."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from concurrent.futures import ThreadPoolExecutor

import click
import msgspec

from loyalty_api.cli.run import plain_errors, run, tell_what_lacks, with_database
from loyalty_api.domain.lifecycle.nightly import Ran
from loyalty_api.domain.programs.queries import Program
from loyalty_api.insights.worth import InsightNotInstalled
from loyalty_api.kernel.clock import now, rfc3339
from loyalty_api.kernel.database import Database
from loyalty_api.settings import MissingSetting, Settings, read_settings
from loyalty_api.worker.beats import Beats
from loyalty_api.worker.grader import Grader
from loyalty_api.worker.main import PAUSE_SECONDS, Worker
from loyalty_api.worker.projector import Projector
from loyalty_api.worker.prover import Prover
from loyalty_api.worker.relay import Relay
from loyalty_api.worker.streamer import SUBSCRIBER as STREAM
from loyalty_api.worker.streamer import Streamer
from loyalty_api.worker.sweeper import SUBSCRIBERS, Sweeper
from loyalty_api.worker.valuer import Valuer
from loyalty_api.worker.webhooks import Webhooks

LOOKUPS_MAX = 32  # receivers' names at a time: one whose server is silent holds a thread for seconds
POOL_SIZE = 9  # one works, one relays, one projects, one values, one grades, one proves, some write down deliveries


@click.command("work")
@click.option("--once", is_flag=True, help="run what is due now, then end")
@click.option("--pause", default=PAUSE_SECONDS, show_default=True, type=click.FloatRange(0.1, 3600), help="seconds")
@click.option("--json", "as_json", is_flag=True, help="a line for machines whenever something was done")
@plain_errors
def command(once: bool, pause: float, as_json: bool) -> None:
    """Runs what is due in every program: points mature and expire, tiers are reviewed, notices are given. Events get
    their places in the feed and are sent to webhooks, and figures are worked out of them; of many buyers a grid every
    ten minutes, and once a week, what members are worth. Once a night each program's ledger is proved.

    Two of them do no harm.
    """

    def tell(program: Program, ran: Ran) -> None:
        done = msgspec.structs.asdict(ran)
        if as_json:
            line = {"program": program.code, "at": rfc3339(program.present(now()))} | done
            click.echo(msgspec.json.encode(line).decode())
        else:
            parts = [f"{name} {count:,}" for name, count in done.items() if count]
            click.echo(f"loyalty: {program.code}: {', '.join(parts)}", err=True)

    async def work(database: Database) -> None:
        settings, beats = read_settings(), Beats()
        worker, projector = Worker(database, clock=now, tell=tell, beats=beats), Projector(database, beats=beats)
        valuer, prover = Valuer(database, clock=now, beats=beats), Prover(database, clock=now, beats=beats)
        grader = Grader(database, clock=now, beats=beats)
        webhooks = Webhooks(database, local=settings.webhooks_local, beats=beats)
        streamers = _streamers(database, settings, beats)
        readers = (*SUBSCRIBERS, *(STREAM for _ in streamers))
        sweeper = Sweeper(database, events_days=settings.events_days, clock=now, subscribers=readers, beats=beats)
        relay = Relay(database, tell=webhooks.wake, beats=beats)
        if once:
            for part in (worker, relay, webhooks, projector, grader, sweeper, prover):
                await part.round()
            with contextlib.suppress(InsightNotInstalled):
                await valuer.round()
            await beats.write(database)
            return
        stop = asyncio.Event()
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(LOOKUPS_MAX, "lookup"))
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        click.echo("loyalty: working; Ctrl-C ends it", err=True)
        parts = [part.work(stop) for part in (relay, webhooks, projector, valuer, grader, prover, *streamers, sweeper)]
        parts.append(beats.work(database, stop))
        await asyncio.gather(worker.work(stop, pause_seconds=pause), *parts)

    if not once:
        tell_what_lacks(read_settings().database_url)
    run(with_database(work, pool_size=POOL_SIZE))


def _streamers(database: Database, settings: Settings, beats: Beats) -> list[Streamer]:
    """The one that fills streams, where the deployment asks for them."""
    if not settings.stream_length:
        return []
    if not settings.redis_url:
        raise MissingSetting("LOYALTY_STREAM_LENGTH asks for a stream: say in LOYALTY_REDIS_URL where it is.")
    return [Streamer(database, settings.redis_url, length=settings.stream_length, beats=beats)]
