"""What insight answers about the year: every metric by month, the cohorts, and the grid of scores."""

from __future__ import annotations

from typing import Any

import aiohttp
from rich.console import Console
from rich.table import Table

from tests.acceptance.figures import call

YEAR = "from=2017-01-01&to=2017-12-31&through=2017-12-31"
# A receipt that comes late moves a tier from when the latest of what counted happened, so that in another order tiers
# moved at other times, towards the same in the end.
TIMES_OF_MOVES = {"tier_members", "tier_migration"}
SHOWN = {
    "active_members": "active",
    "retention": "of them in the next",
    "new_members": "new",
    "returned_members": "returned",
    "reactivated_members": "reactivated",
    "lapsed_members": "lapsed (56 days)",
    "alive_members": "alive",
}


async def insight(session: aiohttp.ClientSession) -> dict[str, Any]:
    """The points of every metric by its slug, ``cohorts`` and ``rfm``."""
    catalogue = await call(session, "GET", "/v1/insight/metrics")
    found: dict[str, Any] = {}
    for each in catalogue["items"]:
        found[each["slug"]] = (await call(session, "GET", f"/v1/insight/metrics/{each['slug']}?{YEAR}"))["points"]
    found["cohorts"] = (await call(session, "GET", f"/v1/insight/cohorts?{YEAR}"))["cohorts"]
    grid = await call(session, "GET", "/v1/insight/rfm?scoring=ties&through=2017-12-31")
    found["rfm"] = {name: grid[name] for name in ("cut_offs", "cells")}
    check_flows(found)
    return found


def check_flows(found: dict[str, Any]) -> None:
    """Active = retained from the month before + new + returned; alive = open + new + reactivated - lapsed."""
    values = {slug: [each["numerator"] for each in found[slug]] for slug in SHOWN}
    retained, alive = [0, *values["retention"][:-1]], [0, *values["alive_members"]]
    for month, active in enumerate(values["active_members"]):
        new = values["new_members"][month]
        assert active == retained[month] + new + values["returned_members"][month], f"month {month + 1} of the active"
        moved = new + values["reactivated_members"][month] - values["lapsed_members"][month]
        assert alive[month + 1] == alive[month] + moved, f"month {month + 1} of the alive"


def differences(runs: dict[str, dict[str, Any]]) -> list[str]:
    """The slugs of which the runs do not say the same, each with its run; the first one is what the others must say."""
    (_, first), *others = runs.items()
    return [
        f"{name}.{slug}"
        for name, each in others
        for slug in sorted(first.keys() | each.keys())
        if each.get(slug) != first.get(slug) and not (name == "shuffled" and slug in TIMES_OF_MOVES)
    ]


def tell_insight(console: Console, found: dict[str, Any]) -> None:
    """The year's tables."""
    table = Table("month", *SHOWN.values())
    for number, point in enumerate(found["active_members"]):
        values = (found[slug][number]["numerator"] for slug in SHOWN)
        table.add_row(point["period"], *("–" if value is None else f"{value:,}" for value in values))
    console.print(table)
    cohorts = Table("cohort", "size", *(str(number) for number in range(len(found["cohorts"][0]["cells"]))))
    for each in found["cohorts"]:
        name = f"{each['cohort']}{' (existing)' if each['left_censored'] else ''}"
        cells = ("" if cell is None else f"{cell:,}" for cell in each["cells"])
        cohorts.add_row(name, f"{each['size']:,}", *cells)
    console.print(cohorts)
    cells = found["rfm"]["cells"]
    grid = Table("recency", *(f"frequency {score}" for score in range(1, 6)), title="members by R and F")
    for r in range(5, 0, -1):
        counts = (sum(each["members"] for each in cells if (each["r"], each["f"]) == (r, f)) for f in range(1, 6))
        grid.add_row(str(r), *(f"{count:,}" for count in counts))
    console.print(grid)
