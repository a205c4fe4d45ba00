"""Where personal data is: the list against the catalogue."""

from __future__ import annotations

from collections import Counter

from loyalty_api.domain.lifecycle.export_member import ELSEWHERE, SECTIONS
from loyalty_api.domain.lifecycle.personal_data import CLAIMED, EMPTIED, EMPTIED_ELSEWHERE, NOBODYS, REMOVED
from loyalty_api.kernel.database import Database
from loyalty_api.rest.member_data import MemberExport

_COLUMNS = """
SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'
"""
# Types that cannot hold words, nor a date by which somebody is known.
_MUTE = {"uuid", "bigint", "integer", "smallint", "boolean", "timestamp with time zone"}
# Dates that are no birthday.
_DAYS = {"tier_days.day", "earning_days.day", "member_tiers.window_from", "member_tiers.window_through"}
_DAYS |= {"program_nights.through", "program_proofs.night", "redemptions.redeemed_on"}
_DAYS |= {"tier_reviews.due_on", "tier_reviews.short_since"}
_DAYS |= {f"insight_members.{each}_on" for each in ("enrolled", "closed", "first", "last")}
_DAYS |= {f"insight_{each}.day" for each in ("receipts", "days", "program_days", "counts", "groups")} | {
    "insight_months.month",
    "insight_fits.through",
    "insight_grids.through",
}
_DAYS |= {"insight_tiers.effective_on", "insight_expiries.earned_on", "insight_expiries.expired_on"}
_DAYS |= {f"lot_days.{each}" for each in ("first", "day", "ends_on")}


async def columns(database: Database) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    async with database.reader() as connection:
        for row in await connection.fetch(_COLUMNS):
            found.setdefault(row["table_name"], {})[row["column_name"]] = row["data_type"]
    return found


async def test_every_column_that_can_hold_words_is_in_exactly_one_list(database: Database) -> None:
    speaking = {
        f"{table}.{column}"
        for table, mine in (await columns(database)).items()
        for column, kind in mine.items()
        if kind not in _MUTE and table not in {*REMOVED, CLAIMED}
    }
    listed = Counter(f"{table}.{column}" for lists in (EMPTIED, NOBODYS) for table in lists for column in lists[table])
    assert speaking - _DAYS == set(listed), "say in lifecycle/personal_data.py what a new column holds"
    assert set(listed.values()) == {1}


async def test_what_is_removed_is_removed_by_a_column_that_exists(database: Database) -> None:
    found = await columns(database)
    assert all(whose in found[table] for table, whose in (REMOVED | EMPTIED_ELSEWHERE).items())
    assert not {*REMOVED, CLAIMED} & {*EMPTIED, *NOBODYS}


async def test_every_table_of_members_is_exported(database: Database) -> None:
    of_members = {table for table, mine in (await columns(database)).items() if "member_id" in mine}
    exported = [table for table, _ in SECTIONS.values()]
    assert of_members == {*exported, *ELSEWHERE}, "say in lifecycle/export_member.py how a new table is told"
    assert [*SECTIONS] == [*MemberExport.__struct_fields__][2:]
