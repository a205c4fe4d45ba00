"""A database that is in use is brought up, migration by migration, and keeps what it has."""

from __future__ import annotations

import json
import uuid
from datetime import date

import asyncpg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from loyalty_api.domain.programs.draft import read_draft
from loyalty_api.domain.programs.queries import Catalogue
from loyalty_api.domain.programs.read import read_document
from loyalty_api.domain.programs.save_draft import save_draft
from loyalty_api.insights.measures import MEASURES
from loyalty_api.kernel.clock import now
from loyalty_api.kernel.database import Database, driver_url
from loyalty_api.kernel.migrate import migrate
from tests.architecture.source import ROOT
from tests.conftest import NOTHING, make_database
from tests.make.program import make_document

# As code before 0028 writes it.
MEMBER = """
INSERT INTO insight_members (member_id, program_id, status, enrolled_on, enrolled_tier, first_on, last_on, purchases,
                             sales_minor)
VALUES ($1, $2, 'active', $3, 'basic', $3, $4, 2, 2)
"""
MEMBER_OF_0028 = """
INSERT INTO insight_members (member_id, program_id, status, enrolled_on, enrolled_tier, first_on, last_on, purchases,
                             sales_minor, bought, bought_twice)
VALUES ($1, $2, 'active', $3, 'basic', $3, $4, 2, 2, '', '')
"""
DAY = f"""
INSERT INTO insight_days (member_id, day, program_id, {", ".join(MEASURES)})
VALUES ($1, $2, $3, {", ".join(["1"] * len(MEASURES))})
"""
RECEIPT = """
INSERT INTO insight_receipts (member_id, purchase_id, entry_id, program_id, day, amount_minor, points_issued, store,
                              voided)
VALUES ($1, $2, $2, $3, $4, 1, 1, '7', false)
"""
PROGRAM_ID = uuid.UUID("0199c2a1-7f3e-7a40-9d1e-3f6c8b1f2a77")


@pytest.fixture
async def database_at_0001(server_url: str) -> str:
    """A database of the first migration's schema; its address."""
    url = await make_database(server_url, NOTHING)
    await bring_to(url, "0001")
    return url


async def bring_to(url: str, revision: str) -> None:
    engine = create_async_engine(driver_url(url).replace("postgresql://", "postgresql+asyncpg://", 1))
    async with engine.connect() as opened:
        await opened.run_sync(_upgrade_to, revision)
    await engine.dispose()


def _upgrade_to(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


async def test_a_program_from_before_drafts_is_kept_and_can_be_drafted(database_at_0001: str) -> None:
    plain = make_document()
    connection = await asyncpg.connect(database_at_0001)
    await connection.execute(
        "INSERT INTO programs (program_id, code, mode, currency, time_zone, created_at, newest_version)"
        " VALUES ($1, $2, 'test', 'EUR', 'Europe/Berlin', $3, 1)",
        PROGRAM_ID,
        plain["program"],
        now(),
    )
    await connection.execute(
        "INSERT INTO program_versions (program_id, version, published_at, published_by, document)"
        " VALUES ($1, 1, $2, 'cli', $3)",
        PROGRAM_ID,
        now(),
        json.dumps(plain),
    )
    await connection.close()
    assert (await migrate(database_at_0001))[0] == "0002"

    database = await Database.open(database_at_0001, pool_size=2)
    catalogue = Catalogue()
    async with database.reader() as reader:
        before = await read_draft(reader, await catalogue.one(reader, PROGRAM_ID))
    after = await database.write(
        lambda connection: save_draft(
            connection,
            catalogue=catalogue,
            program_id=PROGRAM_ID,
            document=read_document(plain | {"name": "Club"}),
            seen={before.tag},
            now=now(),
            actor="test",
        )
    )
    await database.close()
    assert (before.saved, before.document) == (False, read_document(plain))
    assert (after.saved, after.document.name) == (True, "Club")


async def test_figures_from_before_there_were_counts_are_counted_and_an_older_worker_leaves_nothing_out(
    database_at_0001: str,
) -> None:
    await bring_to(database_at_0001, "0027")
    days, member_id = [date(2026, 1, 31), date(2026, 3, 1)], uuid.uuid4()
    connection = await asyncpg.connect(database_at_0001)
    await connection.execute(MEMBER, member_id, PROGRAM_ID, *days)
    await connection.executemany(
        f"INSERT INTO insight_days (member_id, day, program_id, {', '.join(MEASURES)})"
        f" VALUES ($1, $2, $3, {', '.join(['1'] * len(MEASURES))})",
        [(member_id, day, PROGRAM_ID) for day in days],
    )
    assert (await migrate(database_at_0001))[0] == "0028"
    rows = await connection.fetch("SELECT kind, day, span, label, members FROM insight_counts ORDER BY 1, 2, 3")
    assert [tuple(row) for row in rows] == [
        ("again", days[0], 0, "", 1),
        ("again", days[1], 29, "", 1),
        ("cohort", date(2026, 1, 1), 0, "", 1),
        ("cohort", date(2026, 1, 1), 2, "", 1),
        ("enrolled", days[0], 0, "", 1),
        ("here", days[0], 0, "2026-01", 1),
        ("lapsed", date(2026, 4, 26), 56, "2026-01", 1),
        ("moved", date(2026, 1, 1), 0, "none>basic", 1),
        ("moved", date(2026, 1, 26), 7, "none>basic", 1),
        ("second", days[0], 29, "", 1),
        ("step", days[0], 0, "none>basic", 1),
    ]
    with pytest.raises(asyncpg.NotNullViolationError):
        await connection.execute(MEMBER, uuid.uuid4(), PROGRAM_ID, *days)
    await connection.close()


async def test_figures_from_before_there_were_groups_are_summed_up_and_an_older_worker_leaves_nothing_out(
    database_at_0001: str,
) -> None:
    await bring_to(database_at_0001, "0029")
    days, member_id = [date(2026, 1, 31), date(2026, 3, 1)], uuid.uuid4()
    connection = await asyncpg.connect(database_at_0001)
    await connection.execute(MEMBER_OF_0028, member_id, PROGRAM_ID, *days)
    for day in days:
        await connection.execute(DAY, member_id, day, PROGRAM_ID)
        await connection.execute(RECEIPT, member_id, uuid.uuid4(), PROGRAM_ID, day)
    assert (await migrate(database_at_0001))[0] == "0030"
    rows = await connection.fetch(
        "SELECT grouped, day, label, purchases, active, enrolled, new, returned, retained FROM insight_groups"
        " WHERE period = 'month' ORDER BY 1, 2"
    )
    assert [tuple(row) for row in rows] == [
        ("cohort", days[0], "2026-01", 1, 1, 1, 1, 0, 0),
        ("cohort", days[1], "2026-01", 1, 1, 1, 0, 1, 0),
        ("employee", date(2026, 1, 1), "", 1, 1, 0, 0, 0, 0),
        ("employee", date(2026, 3, 1), "", 1, 1, 0, 0, 0, 0),
        ("store", date(2026, 1, 1), "7", 1, 1, 0, 0, 0, 0),
        ("store", date(2026, 3, 1), "7", 1, 1, 0, 0, 0, 0),
        ("tier", days[0], "basic", 1, 1, 1, 1, 0, 0),
        ("tier", days[1], "basic", 1, 1, 1, 0, 1, 0),
    ]
    with pytest.raises(asyncpg.NotNullViolationError):
        await connection.execute(MEMBER_OF_0028, uuid.uuid4(), PROGRAM_ID, *days)
    await connection.close()
