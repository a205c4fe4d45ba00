"""The real database: its keys, its rights, and what a distributed PostgreSQL asks of it."""

from __future__ import annotations

import asyncpg
import pytest

from loyalty_api.domain.claims.claim import CLAIM_ROW
from loyalty_api.domain.engagement.store import ENGAGEMENT_ROW
from loyalty_api.domain.openings.store import OPENING_ROW
from loyalty_api.domain.points.balance import BALANCE_ROW
from loyalty_api.domain.points.lots import LOT_CHANGE_ROW, LOT_ROW, LOT_ROW_2
from loyalty_api.domain.points.post import DRAW_ROW, TRANSFER_ROW
from loyalty_api.domain.purchases.store import PURCHASE_ROW
from loyalty_api.domain.rewards.coupons import COUPON_USE_ROW
from loyalty_api.domain.rewards.store import REDEMPTION_ROW
from loyalty_api.domain.tiers.standing import TIER_DAY_ROW, TIER_MOVE_ROW, TIER_ROW
from loyalty_api.kernel.database import APPLICATION_ROLE, Database
from loyalty_api.kernel.outbox import EVENT_ROW
from loyalty_api.tables import metadata

# What is unique across members, and the column that its keys begin with.
CLAIMS = {
    "identifier_claims": "program_id",
    "reference_claims": "program_id",
    "idempotency_keys": "scope_id",
    "budget_slices": "program_id",
    "reward_stocks": "program_id",
    "coupon_codes": "program_id",
    "webhook_deliveries": "webhook_id",
}
CONFIGURATION = {"programs", "program_versions", "program_drafts", "program_nights", "api_keys", "coupon_pools"}
CONFIGURATION |= {"feed_lanes", "feed_cursors", "webhooks", "webhook_cursors", "job_runs", "job_counts"}
CONFIGURATION |= {"program_proofs"}
SUMMED_UP = {"insight_program_days", "insight_counts", "insight_groups", "insight_fits", "insight_grids", "lot_days"}
SUMMED_UP |= {"folded_programs"}
OTHER = {"alembic_version"}
ROW_TYPES = {
    CLAIM_ROW: "reference_claims",
    PURCHASE_ROW: "purchases",
    ENGAGEMENT_ROW: "engagements",
    OPENING_ROW: "openings",
    TRANSFER_ROW: "transfers",
    LOT_ROW: "lots",
    LOT_ROW_2: "lots",
    LOT_CHANGE_ROW: "lots",
    DRAW_ROW: "draws",
    BALANCE_ROW: "balances",
    TIER_DAY_ROW: "tier_days",
    TIER_ROW: "member_tiers",
    TIER_MOVE_ROW: "tier_moves",
    EVENT_ROW: "outbox",
    REDEMPTION_ROW: "redemptions",
    COUPON_USE_ROW: "coupon_uses",
}
FORMER_ROW_TYPES = {"balance_row"}  # older code, which may still run beside this, writes them
APPEND_ONLY = {
    *("transfers", "draws", "expiry_notices", "tier_moves", "purchases", "returns", "engagements"),
    *("program_versions", "reference_claims", "coupon_uses", "openings", "member_statuses"),
    "acknowledged_notices",
}
# Rows that an erasure takes away, that are swept away, and those that are made anew from the events.
INSIGHT = (
    "members",
    "receipts",
    "days",
    "months",
    "program_days",
    "tiers",
    "notices",
    "expiries",
    "counts",
    "groups",
    "fits",
    "grids",
)
REMOVABLE = {
    **{f"insight_{each}": {"SELECT", "INSERT", "UPDATE", "DELETE"} for each in INSIGHT},
    "outbox": {"SELECT", "INSERT", "UPDATE", "DELETE"},
    "webhook_cursors": {"SELECT", "INSERT", "UPDATE", "DELETE"},
    "webhooks": {"SELECT", "INSERT", "UPDATE", "DELETE"},
    "webhook_deliveries": {"SELECT", "INSERT", "UPDATE", "DELETE"},
    "member_consents": {"SELECT", "INSERT", "DELETE"},
    "member_identifiers": {"SELECT", "INSERT", "UPDATE", "DELETE"},
    "identifier_claims": {"SELECT", "INSERT", "UPDATE", "DELETE"},
    "idempotency_keys": {"SELECT", "INSERT", "UPDATE", "DELETE"},
}

_KEYS = """
SELECT c.relname AS table, i.relname AS key, a.attname AS first
FROM pg_index x
JOIN pg_class c ON c.oid = x.indrelid
JOIN pg_class i ON i.oid = x.indexrelid
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = x.indkey[0]
WHERE x.indisunique
"""
_FOREIGN = """
SELECT c.relname AS table, a.attname AS first
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.conkey[1]
WHERE k.contype = 'f'
"""


async def fetch(database: Database, query: str, *values: object) -> list[asyncpg.Record]:
    async with database.reader() as connection:
        return await connection.fetch(query, *values)


async def tables(database: Database) -> set[str]:
    rows = await fetch(database, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return {row["tablename"] for row in rows}


async def test_every_table_is_a_members_a_claim_or_configuration(database: Database) -> None:
    rows = await fetch(
        database,
        "SELECT table_name FROM information_schema.columns WHERE column_name = 'member_id' AND table_schema = 'public'",
    )
    with_member = {row["table_name"] for row in rows}
    assert await tables(database) == with_member | CLAIMS.keys() | CONFIGURATION | SUMMED_UP | OTHER


async def test_every_key_of_a_members_table_begins_with_the_member(database: Database) -> None:
    found = {row["table"] for row in await fetch(database, _KEYS)}
    assert found == await tables(database)  # every table has a key
    for row in await fetch(database, _KEYS):
        if row["table"] not in CLAIMS.keys() | CONFIGURATION | SUMMED_UP | OTHER:
            assert row["first"] == "member_id", dict(row)


async def test_every_key_of_a_claim_begins_with_whose_it_is(database: Database) -> None:
    for row in await fetch(database, _KEYS):
        if row["table"] in CLAIMS:
            assert row["first"] == CLAIMS[row["table"]], dict(row)


async def test_foreign_keys_stay_within_one_members_data(database: Database) -> None:
    assert all(row["first"] == "member_id" for row in await fetch(database, _FOREIGN))


async def test_every_table_but_the_keys_of_the_operator_knows_its_program(database: Database) -> None:
    rows = await fetch(
        database,
        "SELECT table_name, is_nullable FROM information_schema.columns"
        " WHERE column_name = 'program_id' AND table_schema = 'public'",
    )
    without = await tables(database) - {row["table_name"] for row in rows}
    of_all = {"job_runs", "job_counts"}
    assert without == OTHER | of_all | {"member_identifiers", "idempotency_keys"}  # whose member or scope knows it
    assert {row["table_name"] for row in rows if row["is_nullable"] == "YES"} == {"api_keys"}


async def test_there_is_nothing_that_a_distributed_database_lacks(database: Database) -> None:
    assert await fetch(database, "SELECT 1 FROM pg_trigger WHERE NOT tgisinternal") == []
    assert await fetch(database, "SELECT 1 FROM pg_constraint WHERE contype = 'x' OR condeferrable") == []
    assert await fetch(database, "SELECT sequencename FROM pg_sequences") == []
    rows = await fetch(
        database,
        "SELECT table_name, column_name, column_default FROM information_schema.columns"
        " WHERE table_schema = 'public' AND column_default IS NOT NULL",
    )
    assert [dict(row) for row in rows] == []


async def test_every_instant_is_stored_with_its_zone(database: Database) -> None:
    rows = await fetch(
        database,
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND data_type = 'timestamp without time zone'",
    )
    assert [dict(row) for row in rows] == []


async def test_nothing_is_stored_as_a_float(database: Database) -> None:
    rows = await fetch(
        database,
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND data_type IN ('real', 'double precision', 'money')",
    )
    assert [dict(row) for row in rows] == []


async def test_the_application_may_change_what_changes_and_nothing_of_what_is_written_for_ever(
    database: Database,
) -> None:
    rows = await fetch(
        database,
        "SELECT table_name, privilege_type FROM information_schema.role_table_grants WHERE grantee = $1",
        APPLICATION_ROLE,
    )
    rights: dict[str, set[str]] = {}
    for row in rows:
        rights.setdefault(row["table_name"], set()).add(row["privilege_type"])
    assert rights.pop("alembic_version") == {"SELECT"}
    assert rights.keys() == set(metadata.tables)
    for table, granted in rights.items():
        expected = {"SELECT", "INSERT"} if table in APPEND_ONLY else {"SELECT", "INSERT", "UPDATE"}
        assert granted == REMOVABLE.get(table, expected), table


async def test_of_what_is_written_for_ever_only_personal_columns_may_be_emptied_and_references_moved(
    database: Database,
) -> None:
    rows = await fetch(
        database,
        "SELECT table_name, column_name FROM information_schema.role_column_grants"
        " WHERE grantee = $1 AND privilege_type = 'UPDATE' AND table_name = ANY($2::text[])",
        APPLICATION_ROLE,
        sorted(APPEND_ONLY),
    )
    moved = {("reference_claims", column) for column in ("member_id", "record_id", "moved_from")}
    assert {tuple(row) for row in rows} == {("engagements", "data"), ("member_statuses", "reason"), *moved}


@pytest.mark.parametrize("table", sorted(APPEND_ONLY))
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "TRUNCATE {}", "UPDATE {} SET program_id = program_id"])
async def test_the_product_itself_cannot_rewrite_history(database: Database, table: str, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await database.write(lambda connection: connection.execute(statement.format(table)))


async def test_a_row_type_has_the_fields_that_are_written_as_their_table_has_them(database: Database) -> None:
    rows = await fetch(
        database,
        "SELECT t.typname AS name, a.attname AS field, format_type(a.atttypid, a.atttypmod) AS type FROM pg_type t"
        " JOIN pg_class c ON c.oid = t.typrelid AND c.relkind = 'c' JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE t.typnamespace = 'public'::regnamespace ORDER BY t.typname, a.attnum",
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for row in rows:
        found.setdefault(row["name"], []).append((row["field"], row["type"]))
    columns = {
        (row["table_name"], row["column_name"]): row["data_type"]
        for row in await fetch(database, "SELECT table_name, column_name, data_type FROM information_schema.columns")
    }
    assert found.keys() - FORMER_ROW_TYPES == {kind.name for kind in ROW_TYPES}
    for kind, table in ROW_TYPES.items():
        assert [field for field, _ in found[kind.name]] == list(kind.fields), kind.name
        for field, type_name in found[kind.name]:
            assert type_name == columns.get((table, field), "bigint"), (kind.name, field)
