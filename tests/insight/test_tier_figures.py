"""Members by tier, and between which they went."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty_api.kernel.database import Database
from tests.make.insight import ask, points_of, project
from tests.make.shop import Shop


@pytest.fixture
def climbed(shop: Shop) -> Shop:
    """At the end of January two are bronze and one silver; in February one rises, one joins and rises, one closes."""
    shop.set_clock("2026-01-10T12:00:00Z")
    early = [shop.enrol() for _ in range(3)]
    shop.buy(early[0], 60_000, occurred_at="2026-01-10T10:00:00Z")
    shop.set_clock("2026-02-10T12:00:00Z")
    late = shop.enrol(enrolled_at="2026-02-09T12:00:00Z")
    shop.buy(late, 200_000, occurred_at="2026-02-10T10:00:00Z")
    shop.buy(early[1], 50_000, occurred_at="2026-02-10T10:00:00Z")
    answer = shop.call("POST", f"/v1/members/{early[2]['id']}/close", {"reason": "moved away"})
    assert answer.status_code == 200, answer.text
    shop.set_clock("2026-03-02T12:00:00Z")
    return shop


def by_tier(points: list[dict[str, Any]]) -> dict[tuple[str, str], int]:
    return {(each["period"], each["group"]): each["value"] for each in points}


async def test_members_are_counted_in_the_tier_that_they_hold_at_the_end_of_each_month(
    climbed: Shop, database: Database
) -> None:
    await project(database, climbed)
    told = by_tier(points_of(climbed, "tier_members", from_="2026-01-01", to="2026-02-28"))
    assert told == {
        ("2026-01", "bronze"): 2,
        ("2026-01", "silver"): 1,
        ("2026-02", "silver"): 2,
        ("2026-02", "gold"): 1,
    }
    assert by_tier(points_of(climbed, "tier_members", from_="2026-01-01", to="2026-02-28", by="tier")) == told


async def test_the_matrix_has_every_pair_and_its_rows_add_up_to_who_held_the_tier(
    climbed: Shop, database: Database
) -> None:
    await project(database, climbed)
    told = ask(climbed, "tier-migration", from_="2026-01-31", to="2026-02-28")
    assert told["tiers"] == ["bronze", "silver", "gold", "none"]
    assert len(told["cells"]) == 15
    assert {(each["from"], each["to"]): each["members"] for each in told["cells"] if each["members"]} == {
        ("silver", "silver"): 1,
        ("bronze", "silver"): 1,
        ("bronze", "none"): 1,
        ("none", "gold"): 1,
    }
    series = by_tier(points_of(climbed, "tier_migration", from_="2026-02-01", to="2026-02-28"))
    assert series == {
        ("2026-02", "silver>silver"): 1,
        ("2026-02", "bronze>silver"): 1,
        ("2026-02", "bronze>none"): 1,
        ("2026-02", "none>gold"): 1,
    }


async def test_days_that_cannot_be_compared_are_refused(climbed: Shop) -> None:
    for query, field in (
        ({"from": "2026-02-02", "to": "2026-02-01"}, "from"),
        ({"to": "2026-03-03"}, "to"),
        ({"from": "yesterday"}, "from"),
    ):
        answer = climbed.call("GET", "/v1/insight/tier-migration", params=query)
        assert answer.status_code == 422, answer.text
        assert [each["field"] for each in answer.json()["errors"]] == [field]


async def test_days_before_that_a_late_enrolment_or_a_late_receipt_changed_say_so(
    shop: Shop, database: Database
) -> None:
    """Who is entered in March as a member since 20 January, and whom a receipt of 25 January raises."""
    asked = {"from_": "2026-01-18", "to": "2026-01-27", "period": "day"}
    shop.set_clock("2026-01-10T12:00:00Z")
    member = shop.enrol()
    shop.set_clock("2026-03-02T12:00:00Z")
    await project(database, shop)
    before = {slug: by_tier(points_of(shop, slug, **asked)) for slug in ("tier_members", "tier_migration")}
    shop.enrol(enrolled_at="2026-01-20T12:00:00Z")
    shop.buy(member, 60_000, occurred_at="2026-01-25T10:00:00Z")
    await project(database, shop)
    for slug, was in before.items():
        told = points_of(shop, slug, **asked)
        assert {each["period"] for each in told if not each.get("restated")} == {"2026-01-18", "2026-01-19"}
        silent = [each for each in told if not each.get("restated")]
        assert by_tier(silent) == {key: value for key, value in was.items() if key[0] < "2026-01-20"}
        assert by_tier(told) != was
