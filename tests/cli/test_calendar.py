"""Local days are those of the zone data that is installed with the product, whatever the machine's own says."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import httpx
import pytest
from tests.cli.test_work import WAIT_SECONDS_MAX, start
from tests.make.insight import points_of
from tests.make.shop import Shop

from loyalty_api.cli.local import LocalApi


def test_a_machine_with_another_calendar_tells_the_same_days(
    start_api: Callable[..., LocalApi],
    database_url: str,
    operator_key: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The machine takes New York for Berlin; half an hour after midnight is the day before there. The API tells the
    one, and the worker the other."""
    (tmp_path / "Europe").mkdir()
    (tmp_path / "Europe" / "Berlin").write_bytes((files("tzdata.zoneinfo.America") / "New_York").read_bytes())
    monkeypatch.setenv("PYTHONTZPATH", str(tmp_path))
    with httpx.Client(base_url=start_api(database_url).url, timeout=30) as http:
        shop = Shop.open(http, operator_key, {"points": {"expiry": {"days": 10}}})
        bought = shop.buy(shop.enrol(), occurred_at="2026-02-27T23:30:00Z")
        local = shop.call("GET", f"/v1/purchases/{bought['id']}/explanation").json()["local"]
        assert (local["day"], local["time"]) == ("2026-02-28", "00:30")
        start(database_url, "--once").communicate(timeout=WAIT_SECONDS_MAX)
        days = points_of(shop, "purchases", period="day", from_="2026-02-27", to="2026-02-28")
        assert [(each["period"], each["value"]) for each in days] == [("2026-02-27", 0), ("2026-02-28", 1)]
