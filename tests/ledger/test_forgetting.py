"""Old events are forgotten: by age and in their order, never before every subscriber has read them; the proof holds."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest
from tests.ledger.tampering import verify_tampered
from tests.make.insight import points_of, program_of
from tests.make.problem import problem
from tests.make.receiver import Open, deliveries, receiving, until, working
from tests.make.reward import make_reward
from tests.make.shop import Shop

from loyalty_api.domain.feed.forget import COUNTED, forget_events
from loyalty_api.domain.lifecycle.verified_rows import OF_MEMBERS
from loyalty_api.domain.lifecycle.verify import verify
from loyalty_api.domain.webhooks.sweep import DELIVERED_KEPT
from loyalty_api.insights.rebuild import begin_again
from loyalty_api.insights.refusals import EventsGone
from loyalty_api.kernel.clock import now
from loyalty_api.kernel.database import Database
from loyalty_api.worker.projector import Projector
from loyalty_api.worker.relay import Relay
from loyalty_api.worker.sweeper import Sweeper

LATER = "2026-06-10T12:00:00Z"  # a hundred days after a shop's present


@pytest.fixture
async def lived(own_shop: Shop, own_database: Database) -> Shop:
    """A shop with every kind of fact a hundred days ago, and a purchase of today."""
    shop = own_shop
    shop.publish(rewards=[make_reward("one", points=1)])
    member, other = shop.enrol(), shop.enrol()
    bought = shop.buy(member, 5000)
    shop.engage(member)
    back = {"reference": "b", "purchase": {"id": bought["id"]}, "occurred_at": "2026-03-02T12:00:00Z"}
    calls = [
        ("/v1/returns", back | {"amount_minor": 100}),
        (f"/v1/members/{member['id']}/points/adjustments", {"reference": "a", "points": 5, "reason": "cold coffee"}),
        ("/v1/openings/batch", [{"reference": "o", "member": {"id": other["id"]}, "points": 50}]),
    ]
    for path, body in calls:
        answer = shop.call("POST", path, body)
        assert answer.status_code < 300, answer.text
    await read_by_all(own_database)
    shop.set_clock(LATER)
    shop.buy(member, 700, occurred_at=LATER)
    await read_by_all(own_database)
    return shop


async def read_by_all(database: Database) -> None:
    """Events get their places, and the figures have read them."""
    await Relay(database).round()
    await Projector(database).round()


def sweeper(database: Database, days: int, after: timedelta = timedelta()) -> Sweeper:
    """A sweeper as of a real present that may be later."""
    return Sweeper(database, events_days=days, clock=lambda: now() + after)


def feed(shop: Shop) -> list[str]:
    """The types of all events that are kept."""
    return [each["type"].split(".", 1)[1][:-3] for each in shop.call("GET", "/v1/events?limit=200").json()["items"]]


async def test_events_beyond_the_days_are_forgotten_and_every_law_still_holds(
    lived: Shop, own_database: Database
) -> None:
    before = feed(lived)
    assert await sweeper(own_database, 0).round() == 0
    assert await sweeper(own_database, 101).round() == 0
    assert feed(lived) == before
    assert await sweeper(own_database, 99).round() > 0
    assert feed(lived) == ["purchase.recorded", "points.earned"]
    assert (await verify(own_database)).findings == []
    lived.buy(lived.enrol(), 900, occurred_at=LATER)
    await read_by_all(own_database)
    lived.set_clock("2027-06-10T12:00:00Z")
    assert await sweeper(own_database, 99).round() > 0
    assert feed(lived) == []
    assert (await verify(own_database)).findings == []
    back = {"now": LATER}
    problem(lived.call("POST", "/v1/test-clock", back), 409, "test_clock.backwards")


async def test_events_that_have_not_become_figures_are_kept_and_figures_whose_events_are_gone_stay(
    lived: Shop, own_database: Database
) -> None:
    lived.buy(lived.enrol(), 900, occurred_at=LATER)
    await Relay(own_database).round()
    lived.set_clock("2027-06-10T12:00:00Z")
    await sweeper(own_database, 1).round()
    assert feed(lived) == ["member.enrolled", "purchase.recorded", "points.earned"]
    await read_by_all(own_database)
    await sweeper(own_database, 1).round()
    assert feed(lived) == []
    program = await program_of(own_database, lived)
    with pytest.raises(EventsGone, match="are not kept any more"):
        await own_database.write(lambda connection: begin_again(connection, program.id))
    assert sum(each["value"] for each in points_of(lived, "purchases", from_="2026-03-01", to="2026-06-30")) == 3


async def test_a_webhook_that_has_not_delivered_keeps_events_as_long_as_it_is_on(
    lived: Shop, own_database: Database, own_open: Open
) -> None:
    webhook_id, _ = await own_open(lived, "http://127.0.0.1:1/hook")
    lived.buy(lived.enrol(), 900, occurred_at=LATER)
    await read_by_all(own_database)
    lived.set_clock("2027-06-10T12:00:00Z")
    await sweeper(own_database, 1).round()
    kept = ["member.enrolled", "purchase.recorded", "points.earned"]
    assert feed(lived) == kept
    async with working(own_database):
        await until(lambda: deliveries(lived, webhook_id, state="waiting"))
    await sweeper(own_database, 1).round()
    assert feed(lived) == kept
    lived.call("PATCH", f"/v1/webhooks/{webhook_id}", {"state": "off"})
    await sweeper(own_database, 1).round()
    assert feed(lived) == []


async def test_figures_that_are_not_worked_out_yet_keep_events(own_shop: Shop, own_database: Database) -> None:
    own_shop.enrol()
    own_shop.set_clock(LATER)
    await Relay(own_database).round()
    await sweeper(own_database, 1).round()
    assert feed(own_shop) == ["member.enrolled"]
    await Projector(own_database).round()
    await sweeper(own_database, 1).round()
    assert feed(own_shop) == []


async def test_a_cursor_before_what_is_kept_is_told_so_and_without_one_the_oldest_come_first(
    lived: Shop, own_database: Database
) -> None:
    page = lived.call("GET", "/v1/events?limit=2").json()
    await sweeper(own_database, 99).round()
    for cursor in (page["after"], base64.urlsafe_b64encode(b"1.0").decode()):
        problem(lived.call("GET", f"/v1/events?after={cursor}"), 410, "event.forgotten")
    kept = lived.call("GET", "/v1/events").json()
    assert [each["type"] for each in kept["items"]] == ["loyalty.purchase.recorded.v1", "loyalty.points.earned.v1"]
    assert lived.call("GET", f"/v1/events?after={kept['after']}").json()["items"] == []


async def test_forgetting_batch_by_batch_counts_what_forgetting_at_once_does(
    lived: Shop, own_database: Database
) -> None:
    async with own_database.reader() as connection:
        program_id: UUID = await connection.fetchval(
            "SELECT program_id FROM programs WHERE code = $1", lived.document["program"]
        )
    end = datetime(2026, 4, 1, tzinfo=UTC)
    counts = []
    while not counts or counts[-1]:
        counts.append(
            await own_database.write(
                lambda connection: forget_events(connection, program_id, before=end, needed=10**9, limit=2)
            )
        )
    assert counts[:-1] == [2] * (len(counts) - 1) or counts[-2] == 1
    assert (await verify(own_database)).findings == []


async def test_old_deliveries_and_those_of_deleted_webhooks_are_swept_away(
    own_shop: Shop, own_database: Database, own_open: Open
) -> None:
    async with receiving() as receiver, working(own_database):
        kept, _ = await own_open(own_shop, receiver.url, ["purchase.recorded"])
        deleted, _ = await own_open(own_shop, receiver.url, ["purchase.recorded"])
        own_shop.buy(own_shop.enrol())
        await until(lambda: deliveries(own_shop, kept) and deliveries(own_shop, deleted))
    own_shop.call("DELETE", f"/v1/webhooks/{deleted}")
    await sweeper(own_database, 0).round()
    assert len(deliveries(own_shop, kept)) == 1
    async with own_database.reader() as connection:
        for table in ("webhooks", "webhook_deliveries", "webhook_cursors"):
            assert not await connection.fetchval(f"SELECT count(*) FROM {table} WHERE webhook_id = $1", deleted)
    await sweeper(own_database, 0, DELIVERED_KEPT + timedelta(minutes=1)).round()
    assert deliveries(own_shop, kept) == []


def test_what_forgetting_counts_is_what_the_proof_counts() -> None:
    for kind, column in COUNTED.items():
        (line,) = [each for each in OF_MEMBERS["events"].splitlines() if each.rstrip(",").endswith(f"AS {column}")]
        assert f"'{kind}'" in line


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM outbox WHERE (member_id, seq) IN (SELECT member_id, max(seq) FROM outbox GROUP BY member_id)",
        "UPDATE forgotten_events SET purchases = purchases - 1 WHERE purchases > 0",
        "UPDATE forgotten_events SET through = through - 1 WHERE purchases > 0",
        "DELETE FROM forgotten_events",
    ],
)
async def test_what_is_gone_and_was_not_forgotten_is_found(
    lived: Shop, own_database: Database, own_database_url: str, change: str
) -> None:
    await sweeper(own_database, 99).round()
    superuser = await asyncpg.connect(own_database_url)
    try:
        report = await verify_tampered(superuser, change)
    finally:
        await superuser.close()
    assert {finding.law for finding in report.findings} == {"event"}
    assert (await verify(own_database)).findings == []
