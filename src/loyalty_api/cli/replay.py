"""``loyalty replay``: post purchases from a file over HTTP, with a progress bar, resumable, refused rows kept."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, BinaryIO

import click
import msgspec
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from loyalty_api.cli.as_lines import as_lines
from loyalty_api.cli.clocked import ProgramClock, each
from loyalty_api.cli.posting import CONCURRENCY, Figures, Posted, Row, Stopped, post_rows
from loyalty_api.cli.run import EXIT_UNREACHABLE, fail, plain_errors, run, tell
from loyalty_api.cli.sheet import Unreadable
from loyalty_api.kernel.clock import monotonic

SAVE_EVERY_ROWS = 500


class Checkpoint(msgspec.Struct):
    """Where a replay stands: rows 1 to ``rows`` are answered and counted, later ones are not.

    Only a hint: with the file deleted, every row is posted again and answered with its first answer.
    """

    input: str  # fingerprint of the file and of where it goes
    rows: int = 0
    recorded: int = 0
    replayed: int = 0
    refused: int = 0
    blank: int = 0
    refused_bytes: int = 0  # length of the refused file that belongs to these rows


@click.command("replay")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--url", default="http://127.0.0.1:8000", show_default=True, help="where the API is served")
@click.option("--key", required=True, envvar="LOYALTY_KEY", help="a key with scope till, or LOYALTY_KEY")
@click.option("--concurrency", default=CONCURRENCY, show_default=True, type=click.IntRange(1, 512))
@click.option("--restart", is_flag=True, help="from the first row, whatever was done before")
@click.option("--with-clock", is_flag=True, help="set a test program's clock to the end of each day before posting it")
@click.option("--json", "as_json", is_flag=True, help="for machines")
@plain_errors
def command(file: Path, url: str, key: str, concurrency: int, restart: bool, with_clock: bool, as_json: bool) -> None:
    """Posts each row of FILE (NDJSON, one purchase a line; CSV or Parquet) to POST /v1/purchases.

    Stopped in the middle, the same command goes on where it was. Refused rows go to FILE.refused.ndjson, each
    with its line number and problem; mend them and replay that. Exit code 1 if rows were refused, 3 if it stopped.
    With --with-clock the rows should stand in the order of their days; everything due happens between the days.
    """
    try:
        lines = as_lines(file)
    except Unreadable as error:
        fail(str(error))
    replay = Replay(lines, url, key, restart=restart, with_clock=with_clock)
    stopped = run(replay.run(concurrency))
    told = replay.checkpoint
    speed = f"{replay.figures.per_second:,.0f}/s, p50 {replay.figures.percentile_ms(50):.1f} ms"
    rows = told.rows - told.blank
    text = f"{rows:,} rows: {told.recorded:,} recorded, {told.replayed:,} replayed, {told.refused:,} refused ({speed})"
    if replay.begun_at == told.rows and not stopped:
        text += "\nnothing was left to post; --restart posts every row again"
    if told.refused:
        text += f"\nrefused rows are in {replay.refused_file}"
    values = {"rows": rows, "recorded": told.recorded, "replayed": told.replayed, "refused": told.refused}
    speeds = {
        "per_second": round(replay.figures.per_second, 1),
        "p50_ms": round(replay.figures.percentile_ms(50), 2),
        "p99_ms": round(replay.figures.percentile_ms(99), 2),
    }
    tell(as_json, values | speeds, text)
    if stopped:
        fail(
            f"{stopped.rstrip('.')}. Run the same command again to go on from row {told.rows + 1:,}.", EXIT_UNREACHABLE
        )
    sys.exit(1 if told.refused else 0)


class Replay:
    """One file on its way to one server."""

    def __init__(self, file: Path, url: str, key: str, *, restart: bool = False, with_clock: bool = False) -> None:
        self.file = file
        self.url = url
        self.refused_file = file.with_name(f"{file.name}.refused.ndjson")
        self.figures = Figures()
        self._checkpoint_file = file.with_name(f"{file.name}.progress.json")
        self._waiting: dict[int, Posted] = {}  # answered, but an earlier row is not
        self._key = key
        self._with_clock = with_clock
        self.checkpoint = self._begin(key, restart)
        self.begun_at = self.checkpoint.rows

    async def run(self, concurrency: int) -> str | None:
        """Posts what is left; None, or why it stopped."""
        total = await asyncio.to_thread(_count_lines, self.file)
        with _bar() as bar, self.refused_file.open("ab") as refused:
            refused.truncate(self.checkpoint.refused_bytes)
            task = bar.add_task("replay", total=total, completed=self.checkpoint.rows)

            def done(posted: Posted) -> None:
                self.figures.count(posted)
                self._settle(posted, refused)
                bar.update(task, completed=self.checkpoint.rows + len(self._waiting))

            stopped: str | None = None
            started = monotonic()
            try:
                await self._post(self._rows(refused), done, concurrency)
            except* Stopped as stops:
                stopped = str(stops.exceptions[0])
            finally:
                self.figures.seconds = monotonic() - started
                self._save(refused)
        if not self.checkpoint.refused:
            self.refused_file.unlink(missing_ok=True)
        return stopped

    async def _post(self, rows: AsyncIterator[Row], done: Callable[[Posted], None], concurrency: int) -> None:
        to: dict[str, Any] = {"url": self.url, "key": self._key, "done": done, "concurrency": concurrency}
        if not self._with_clock:
            await post_rows(rows, **to)
            return
        async with ProgramClock(self.url, self._key) as clock:
            async for day in clock.by_day(rows):
                await post_rows(each(day), **to)

    def _settle(self, posted: Posted, refused: BinaryIO) -> None:
        """Moves the checkpoint over every row that is answered without a gap."""
        told = self.checkpoint
        self._waiting[posted.row.number] = posted
        while (row := self._waiting.pop(told.rows + 1, None)) is not None:
            told.rows += 1
            setattr(told, row.status, getattr(told, row.status) + 1)
            if row.status == "refused":
                refused.write(_refused_line(row))
            if told.rows % SAVE_EVERY_ROWS == 0:
                self._save(refused)

    def _save(self, refused: BinaryIO) -> None:
        refused.flush()
        self.checkpoint.refused_bytes = refused.tell()
        beside = self._checkpoint_file.with_suffix(".new")
        beside.write_bytes(msgspec.json.encode(self.checkpoint))
        beside.replace(self._checkpoint_file)

    async def _rows(self, refused: BinaryIO) -> AsyncIterator[Row]:
        begin = self.checkpoint.rows
        with self.file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                row = Row(number, line.strip())
                if number > begin and row.body:
                    yield row
                elif number > begin:
                    self._settle(Posted(row, "blank", 0.0), refused)

    def _begin(self, key: str, restart: bool) -> Checkpoint:
        fingerprint = _fingerprint(self.file, f"{self.url} {key}")
        try:
            found = msgspec.json.decode(self._checkpoint_file.read_bytes(), type=Checkpoint)
        except (OSError, msgspec.DecodeError):
            found = None
        return found if found and found.input == fingerprint and not restart else Checkpoint(fingerprint)


class _Speed(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.finished_speed or task.speed or 0:,.0f}/s", style="cyan")


def _bar() -> Progress:
    columns = (TextColumn("replay"), BarColumn(), MofNCompleteColumn(), TextColumn("purchases"), _Speed())
    return Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True))


def _refused_line(posted: Posted) -> bytes:
    try:
        problem = msgspec.Raw(posted.problem) if msgspec.json.decode(posted.problem) else None
    except msgspec.DecodeError:
        problem = posted.problem[:500].decode(errors="replace")
    try:
        msgspec.json.decode(posted.row.body)
        row: object = msgspec.Raw(posted.row.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        row = posted.row.body.decode(errors="replace")
    return msgspec.json.encode({"line": posted.row.number, "problem": problem, "row": row}) + b"\n"


def _fingerprint(file: Path, target: str) -> str:
    """Tells whether it is the same content to the same place, with the same key (so, the same program)."""
    with file.open("rb") as opened:
        content = hashlib.file_digest(opened, "sha256")
    content.update(target.encode())
    return content.hexdigest()


def _count_lines(file: Path) -> int:
    with file.open("rb") as opened:
        return sum(1 for _ in opened)
