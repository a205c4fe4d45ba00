"""The prover: once a night it proves each program's ledger, and says so loudly where a law is broken.

The proof is a process of its own, which lets everybody else go first, so that it delays nothing that this worker does;
what becomes of it stops nothing. Of several workers one proves at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from loyalty_api.domain.operations.proofs import hold_proof, keep_proof, let_go_of_proof, take_proof
from loyalty_api.domain.programs.queries import Catalogue, Program, program_ids
from loyalty_api.kernel.clock import local_date, monotonic
from loyalty_api.kernel.clock import now as real_now
from loyalty_api.kernel.database import Database
from loyalty_api.kernel.embedded import die_with_parent
from loyalty_api.kernel.ids import new_id
from loyalty_api.kernel.logging import logger
from loyalty_api.worker.beats import Beats
from loyalty_api.worker.rounds import go_round

PAUSE_SECONDS = 60.0
HOLD = timedelta(minutes=5)  # after a worker that proved is gone, another begins again
AGAIN_AFTER = timedelta(hours=1)  # that a proof could not be made
TOLD_MAX = 5  # of what was found; `loyalty verify` tells more

log = logger(__name__)


class ProofFailed(Exception):
    """The proof could not be made; the message is what it said."""


class Proof(msgspec.Struct, frozen=True):
    """What ``loyalty verify --json`` says."""

    findings: int
    first: list[dict] = []


async def prove_apart(program: Program) -> Proof:
    """Proves it in a process of its own, which ends when this one does or the proof is cancelled. Raises
    ProofFailed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "loyalty_api", "verify", "--program", program.code, "--gently", "--json"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        preexec_fn=die_with_parent(signal.SIGTERM),
    )
    try:
        said, error = await process.communicate()
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise
    try:
        return msgspec.json.decode(said, type=Proof)
    except msgspec.DecodeError:
        raise ProofFailed(f"exit {process.returncode}: {error.decode(errors='replace')[-500:]}") from None


class Prover:
    """One program after the other. ``clock``: the real present."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], datetime] = real_now,
        prove: Callable[[Program], Awaitable[Proof]] = prove_apart,
        beats: Beats | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._prove = prove
        self._beats = beats or Beats()
        self._holder = new_id()
        self._catalogue = Catalogue()

    async def work(self, stop: asyncio.Event, *, pause_seconds: float = PAUSE_SECONDS) -> None:
        """Rounds until ``stop``; a proof under way is let go of. A database out of reach is waited for."""
        await go_round(
            "prove", self.round, stop, pause_seconds=pause_seconds, beats=self._beats, counted="ledgers_proved"
        )

    async def round(self, stop: asyncio.Event | None = None) -> int:
        """Proves every program whose night has begun; how many. One that cannot be proved is told of and does not stop
        the others."""
        stop, done = stop or asyncio.Event(), 0
        async with self._database.reader() as connection:
            programs = await self._catalogue.load(connection, await program_ids(connection))
        for program in programs.values():
            if stop.is_set():
                break
            now = self._clock()
            night = local_date(program.present(now), program.zone)
            named: dict[str, Any] = {"program_id": program.id, "holder": self._holder}
            due = await self._database.write(
                lambda connection, named=named, night=night, now=now: take_proof(
                    connection, **named, night=night, now=now, until=now + HOLD
                )
            )
            if due:
                done += await self._made(program, night, stop)
        return done

    async def _made(self, program: Program, night: date, stop: asyncio.Event) -> bool:
        """Whether the proof was made."""
        named: dict[str, Any] = {"program_id": program.id, "holder": self._holder}
        begun, until = monotonic(), None
        try:
            proof = await self._proved(program, stop)
            if proof is not None:
                terms: dict[str, Any] = named | {"night": night, "now": self._clock(), "findings": proof.findings}
                took_ms = round((monotonic() - begun) * 1000)
                kept = await self._database.write(lambda connection: keep_proof(connection, **terms, took_ms=took_ms))
                if proof.findings:
                    first = proof.first[:TOLD_MAX]
                    log.error("ledger_broken", program=program.code, findings=proof.findings, first=first)
                return kept
        except (ProofFailed, OSError) as error:
            log.error("proof_failed", program=program.code, reason=str(error))
            self._beats.count({"proofs_failed": 1})
            until = self._clock() + AGAIN_AFTER
        await self._database.write(lambda connection: let_go_of_proof(connection, **named, until=until))
        return False

    async def _proved(self, program: Program, stop: asyncio.Event) -> Proof | None:
        """The proof, held on to while it is made; None: stopped before it was, or another worker makes it."""
        proving = asyncio.ensure_future(self._prove(program))
        stopping = asyncio.ensure_future(stop.wait())
        try:
            while not proving.done():
                waiting = {proving, stopping}
                await asyncio.wait(waiting, timeout=HOLD.total_seconds() / 3, return_when=asyncio.FIRST_COMPLETED)
                if stop.is_set() or not (proving.done() or await self._held(program)):
                    return None
            return await proving
        finally:
            for task in (proving, stopping):
                task.cancel()
            await asyncio.gather(proving, stopping, return_exceptions=True)

    async def _held(self, program: Program) -> bool:
        until = self._clock() + HOLD
        return await self._database.write(
            lambda connection: hold_proof(connection, program_id=program.id, holder=self._holder, until=until)
        )
