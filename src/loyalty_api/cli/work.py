"""``loyalty work``: the worker."""

from __future__ import annotations

import asyncio
import contextlib
import signal

import click
import msgspec

from loyalty_api.cli.run import plain_errors, run, with_database
from loyalty_api.domain.lifecycle.nightly import Ran
from loyalty_api.domain.programs.queries import Program
from loyalty_api.insights.worth import InsightNotInstalled
from loyalty_api.kernel.clock import now, rfc3339
from loyalty_api.kernel.database import Database
from loyalty_api.settings import read_settings
from loyalty_api.worker.main import PAUSE_SECONDS, Worker
from loyalty_api.worker.projector import Projector
from loyalty_api.worker.relay import Relay
from loyalty_api.worker.sweeper import Sweeper
from loyalty_api.worker.valuer import Valuer
from loyalty_api.worker.webhooks import Webhooks

POOL_SIZE = 8  # one works, one relays, one projects, one values, some write down what was delivered


@click.command("work")
@click.option("--once", is_flag=True, help="run what is due now, then end")
@click.option("--pause", default=PAUSE_SECONDS, show_default=True, type=click.FloatRange(0.1, 3600), help="seconds")
@click.option("--json", "as_json", is_flag=True, help="a line for machines whenever something was done")
@plain_errors
def command(once: bool, pause: float, as_json: bool) -> None:
    """Runs what is due in every program: points mature and expire, tiers are reviewed, notices are given. Events get
    their places in the feed and are sent to webhooks, and figures are worked out of them; once a week, what members
    are worth.

    Two of them do no harm.
    """

    def tell(program: Program, ran: Ran) -> None:
        done = msgspec.structs.asdict(ran)
        if as_json:
            line = {"program": program.code, "at": rfc3339(program.present(now()))} | done
            click.echo(msgspec.json.encode(line).decode())
        else:
            parts = [f"{count:,} {name}" for name, count in done.items() if count]
            click.echo(f"loyalty: {program.code}: {', '.join(parts)}", err=True)

    async def work(database: Database) -> None:
        settings = read_settings()
        worker, projector, valuer = (
            Worker(database, clock=now, tell=tell),
            Projector(database),
            Valuer(database, clock=now),
        )
        webhooks = Webhooks(database, local=settings.webhooks_local)
        sweeper = Sweeper(database, events_days=settings.events_days, clock=now)
        relay = Relay(database, tell=webhooks.wake)
        if once:
            for part in (worker, relay, webhooks, projector, sweeper):
                await part.round()
            with contextlib.suppress(InsightNotInstalled):
                await valuer.round()
            return
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        click.echo("loyalty: working; Ctrl-C ends it", err=True)
        parts = [part.work(stop) for part in (relay, webhooks, projector, valuer, sweeper)]
        await asyncio.gather(worker.work(stop, pause_seconds=pause), *parts)

    run(with_database(work, pool_size=POOL_SIZE))
