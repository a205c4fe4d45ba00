"""Figures of a shop: its events projected, what is kept of them, and answers read."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from loyalty_api.domain.feed.stamp import stamp_events
from loyalty_api.domain.programs.queries import Catalogue, Program, find_program
from loyalty_api.insights.project import BATCH, project_events
from loyalty_api.kernel.database import Database
from tests.make.shop import Shop

TABLES = ("members", "receipts", "days", "months", "program_days", "tiers", "notices", "expiries", "counts", "groups")
# Ids differ between programs, and so do places in the feed and when something was recorded.
_IDS = {"program_id", "entry_id", "purchase_id", "lot_id", "position"}


async def program_of(database: Database, shop: Shop) -> Program:
    """The shop's program."""
    async with database.reader() as connection:
        return await Catalogue().one(connection, await find_program(connection, shop.document["program"]))


async def stamp(database: Database, program: Program) -> None:
    """Gives all events of the program their places."""
    while await database.write(lambda connection: stamp_events(connection, program.id)):
        pass


async def take(database: Database, program: Program, *, batch: int = BATCH) -> int:
    """Projects one batch."""
    named = {"program_id": program.id, "zone": program.zone, "limit": batch}
    return await database.write(lambda connection: project_events(connection, **named))


async def project(database: Database, shop: Shop, *, batch: int = BATCH) -> Program:
    """Projects everything that the shop's events tell."""
    program = await program_of(database, shop)
    await stamp(database, program)
    while await take(database, program, batch=batch):
        pass
    return program


async def kept(
    database: Database, program: Program, names: dict[str, str] | None = None, *, marks: bool = True
) -> dict[str, list[dict[str, Any]]]:
    """Every row that is kept for the program, in a fixed order. With ``names`` of member ids: without what differs
    between two programs in which the same happened. ``marks``: those of restated days too."""
    found = {}
    async with database.reader() as connection:
        for table in TABLES:
            rows = await connection.fetch(f"SELECT * FROM insight_{table} WHERE program_id = $1", program.id)
            told = [_told(dict(row), names, marks) for row in rows]
            found[table] = sorted(told, key=lambda row: str(list(row.values())))
    return found


def _told(row: dict[str, Any], names: dict[str, str] | None, marks: bool) -> dict[str, Any]:
    if not marks:
        row.pop("restated_at", None)
    if names is None:
        return row
    if "entry_id" in row:
        row["of_purchase"] = row["entry_id"] == row["purchase_id"]
    return {
        name: names[str(value)] if isinstance(value, UUID) else value for name, value in row.items() if name not in _IDS
    }


def ask(shop: Shop, path: str, **query: Any) -> Any:
    """An answer of insight; ``from_`` is ``from``."""
    parameters = {name.rstrip("_"): str(value) for name, value in query.items()}
    answer = shop.call("GET", f"/v1/insight/{path}", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def points_of(shop: Shop, slug: str, **query: Any) -> list[dict[str, Any]]:
    """A metric's points."""
    return ask(shop, f"metrics/{slug}", **query)["points"]
