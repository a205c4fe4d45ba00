"""Events to receivers that do not behave: down, slow, lying, redirecting, gone; and workers that die."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from aiohttp import web
from tests.make.receiver import QUICK, Open, deliveries, fine, receiving, until, working
from tests.make.shop import Shop

from loyalty_api.cli.local import free_port
from loyalty_api.domain.operations.queries import read_outlook
from loyalty_api.domain.webhooks.schedule import TRIED
from loyalty_api.kernel.clock import now
from loyalty_api.kernel.database import Database
from loyalty_api.worker.beats import Beats
from loyalty_api.worker.sender import Sender


async def failing(_request: web.Request, _event: dict[str, Any]) -> web.StreamResponse:
    """500, whatever comes."""
    return web.Response(status=500, text="out of order\x00" + "x" * 1000)


async def test_an_event_that_fails_keeps_its_members_later_ones_waiting_and_nobody_elses(
    shop: Shop, database: Database, open_: Open
) -> None:
    unlucky, lucky = shop.enrol(), shop.enrol()
    mended = False

    async def picky(request: web.Request, event: dict[str, Any]) -> web.StreamResponse:
        return await (fine if mended or event["subject"] == lucky["id"] else failing)(request, event)

    async with receiving(picky) as receiver, working(database):
        webhook_id, _ = await open_(shop, receiver.url, ["purchase.recorded"])
        expected = [shop.buy(unlucky)["id"] for _ in range(3)]
        for _ in range(3):
            shop.buy(lucky)
        await until(lambda: len(receiver.accepted) == 3)
        await until(lambda: len(deliveries(shop, webhook_id, state="waiting")) == 3)
        await until(lambda: deliveries(shop, webhook_id, state="waiting")[-1]["attempts"] >= 2)
        *behind, first = deliveries(shop, webhook_id, state="waiting")
        assert (first["status"], first["response"][:15], len(first["response"])) == (500, "out of order xx", 500)
        assert [(each["attempts"], each["next_attempt_at"]) for each in behind] == [(0, None), (0, None)]
        assert shop.call("GET", f"/v1/webhooks/{webhook_id}").json()["state"] == "on"
        mended = True
        await until(lambda: len(receiver.accepted) == 6)
    mine = [each["data"]["purchase_id"] for each in receiver.accepted if each["subject"] == unlucky["id"]]
    assert mine == expected


async def test_a_receiver_that_was_down_gets_everything_in_order_when_it_is_back(
    shop: Shop, database: Database, open_: Open
) -> None:
    port = free_port()
    members = [shop.enrol() for _ in range(5)]
    pace = msgspec.structs.replace(QUICK, window=6)  # so that most is left in the feed
    async with working(database, pace=pace):
        webhook_id, _ = await open_(shop, f"http://127.0.0.1:{port}/hook", ["purchase.recorded"])
        bought = {member["id"]: [shop.buy(member)["id"] for _ in range(6)] for member in members}
        await until(lambda: len(deliveries(shop, webhook_id)) == 6)
        await until(lambda: shop.call("GET", f"/v1/webhooks/{webhook_id}").json()["failing_since"])
        assert {each["state"] for each in deliveries(shop, webhook_id)} == {"waiting"}
        async with receiving(port=port) as receiver:
            await until(lambda: len(receiver.accepted) >= 30)
            await until(lambda: deliveries(shop, webhook_id, state="waiting") == [])
    for member_id, purchases in bought.items():
        assert [each["data"]["purchase_id"] for each in receiver.events if each["subject"] == member_id] == purchases
    assert shop.call("GET", f"/v1/webhooks/{webhook_id}").json()["failing_since"] is None


async def test_a_slow_receiver_keeps_no_other_one_waiting(shop: Shop, database: Database, open_: Open) -> None:
    async def asleep(request: web.Request, _event: dict[str, Any]) -> web.StreamResponse:
        await asyncio.sleep(30)
        return await fine(request, {})

    async with receiving(asleep) as slow, receiving() as quick, working(database):
        webhook_id, _ = await open_(shop, slow.url, ["purchase.recorded"])
        await open_(shop, quick.url, ["purchase.recorded"])
        for _ in range(10):
            shop.buy(shop.enrol())
        await until(lambda: len(quick.accepted) == 10)
        await until(lambda: any(each["error"] for each in deliveries(shop, webhook_id)))
    assert slow.accepted == []
    assert {each["error"] for each in deliveries(shop, webhook_id)} <= {None, "the receiver did not answer in time"}


async def redirecting(request: web.Request, _event: dict[str, Any]) -> web.StreamResponse:
    """302 to itself."""
    return web.Response(status=302, headers={"location": str(request.url)})


async def cut_off(request: web.Request, _event: dict[str, Any]) -> web.StreamResponse:
    """200, and then the connection ends before the answer does."""
    answer = web.StreamResponse(headers={"content-length": "100"})
    await answer.prepare(request)
    await answer.write(b"thank")
    assert request.transport is not None
    request.transport.close()
    return web.Response(status=599)


async def endless(request: web.Request, _event: dict[str, Any]) -> web.StreamResponse:
    """200, and an answer that never ends."""
    answer = web.StreamResponse()
    await answer.prepare(request)
    while True:
        await answer.write(b"x" * 65536)


@pytest.mark.parametrize(
    ("behaviour", "status", "error"),
    [(redirecting, 302, "redirects are not followed"), (cut_off, None, "not enough data"), (failing, 500, None)],
)
async def test_what_is_no_whole_answer_of_success_is_tried_again(
    shop: Shop, database: Database, open_: Open, behaviour: Any, status: int, error: str | None
) -> None:
    async with receiving(behaviour) as receiver, working(database):
        webhook_id, _ = await open_(shop, receiver.url, ["purchase.recorded"])
        shop.buy(shop.enrol())
        await until(lambda: deliveries(shop, webhook_id) and deliveries(shop, webhook_id)[0]["attempts"] >= 2)
        (waiting,) = deliveries(shop, webhook_id)
        assert (waiting["state"], waiting["status"]) == ("waiting", status)
        assert (error or "") in (waiting["error"] or "").lower()
        assert len(receiver.requests) <= waiting["attempts"] + 1
        receiver.behaviour = fine
        await until(lambda: deliveries(shop, webhook_id)[0]["state"] == "delivered")
    assert len({each["id"] for each in receiver.events}) == 1


async def test_an_answer_without_end_is_read_to_a_limit_and_counts_by_its_status(
    shop: Shop, database: Database, open_: Open
) -> None:
    async with receiving(endless) as receiver, working(database):
        webhook_id, _ = await open_(shop, receiver.url, ["purchase.recorded"])
        shop.buy(shop.enrol())
        await until(lambda: deliveries(shop, webhook_id, state="delivered"))
    assert len(deliveries(shop, webhook_id)[0]["response"]) == 500


async def test_a_pause_outlives_its_worker_and_a_receiver_may_lengthen_it(
    shop: Shop, database: Database, open_: Open
) -> None:
    async def busy(_request: web.Request, _event: dict[str, Any]) -> web.StreamResponse:
        return web.Response(status=503, headers={"retry-after": "3600"})

    async with receiving(busy) as receiver:
        webhook_id, _ = await open_(shop, receiver.url, ["purchase.recorded"])
        shop.buy(shop.enrol())
        async with working(database):
            await until(lambda: deliveries(shop, webhook_id, state="waiting"))
        receiver.behaviour = fine
        async with working(database):
            await asyncio.sleep(0.2)
        assert len(receiver.requests) == 1
        async with working(database, clock=lambda: now() + timedelta(hours=2)):
            await until(lambda: len(receiver.accepted) == 1)
    assert deliveries(shop, webhook_id)[0]["attempts"] == 2


async def test_after_three_days_without_success_a_webhook_is_off_and_switched_on_it_goes_on_where_it_stopped(
    shop: Shop, database: Database, open_: Open
) -> None:
    async with receiving(failing) as receiver:
        webhook_id, _ = await open_(shop, receiver.url, ["purchase.recorded"])
        member = shop.enrol()
        shop.buy(member)
        async with working(database):
            await until(lambda: deliveries(shop, webhook_id, state="waiting"))
        async with working(database, clock=lambda: now() + TRIED + timedelta(minutes=1)):
            await until(lambda: shop.call("GET", f"/v1/webhooks/{webhook_id}").json()["state"] == "off")
        assert "3 days" in shop.call("GET", f"/v1/webhooks/{webhook_id}").json()["reason"]
        (waiting,) = deliveries(shop, webhook_id)
        assert waiting["state"] == "waiting"
        answer = shop.call("POST", f"/v1/webhooks/{webhook_id}/deliveries/{waiting['id']}/replay")
        assert (answer.status_code, answer.json()["code"]) == (409, "webhook.off")
        receiver.behaviour = fine
        shop.buy(member)
        async with working(database):
            await asyncio.sleep(0.1)
            assert receiver.accepted == []
            assert shop.call("PATCH", f"/v1/webhooks/{webhook_id}", {"state": "on"}).json()["reason"] is None
            await until(lambda: len(receiver.accepted) == 2)


async def test_one_event_that_never_arrives_has_failed_after_three_days_and_its_member_goes_on(
    shop: Shop, database: Database, open_: Open
) -> None:
    member, poison = shop.enrol(), ""

    async def allergic(request: web.Request, event: dict[str, Any]) -> web.StreamResponse:
        return await (failing if event["data"]["purchase_id"] == poison else fine)(request, event)

    async with receiving(allergic) as receiver:
        webhook_id, _ = await open_(shop, receiver.url, ["purchase.recorded"])
        poison = shop.buy(member)["id"]
        async with working(database):
            await until(lambda: deliveries(shop, webhook_id, state="waiting"))
        async with working(database, clock=lambda: now() + TRIED - timedelta(hours=1)):
            shop.buy(shop.enrol())  # arrives, so the webhook as a whole does not fail
            await until(lambda: len(receiver.accepted) == 1)
            shop.buy(member)
        async with working(database, clock=lambda: now() + TRIED + timedelta(minutes=1)):
            await until(lambda: len(receiver.accepted) == 2)
            await until(lambda: deliveries(shop, webhook_id, state="failed"))
    assert shop.call("GET", f"/v1/webhooks/{webhook_id}").json()["state"] == "on"


async def test_what_came_of_attempts_is_counted_for_who_watches(shop: Shop, database: Database, open_: Open) -> None:
    beats = Beats()
    async with receiving(failing) as receiver, working(database, beats=beats):
        webhook_id, _ = await open_(shop, receiver.url, ["purchase.recorded"])
        shop.buy(shop.enrol())
        await until(lambda: len(receiver.requests) >= 2)
        receiver.behaviour = fine
        await until(lambda: deliveries(shop, webhook_id, state="delivered"))
    await beats.write(database)
    async with database.reader() as connection:
        counts = (await read_outlook(connection, now=now())).counts
    assert (counts["webhook_delivered"], counts["webhook_attempt_failed"] >= 2) == (1, True)


async def test_a_receiver_that_is_gone_is_sent_nothing_more(shop: Shop, database: Database, open_: Open) -> None:
    async def gone(_request: web.Request, _event: dict[str, Any]) -> web.StreamResponse:
        return web.Response(status=410)

    async with receiving(gone) as receiver, working(database):
        webhook_id, _ = await open_(shop, receiver.url, ["purchase.recorded"])
        member = shop.enrol()
        shop.buy(member)
        await until(lambda: shop.call("GET", f"/v1/webhooks/{webhook_id}").json()["state"] == "off")
        shop.buy(member)
        await asyncio.sleep(0.1)
    assert len(receiver.requests) == 1


async def test_a_worker_that_is_killed_amid_deliveries_is_replaced_and_nothing_is_lost_or_out_of_order(
    shop: Shop, database: Database, database_url: str, open_: Open
) -> None:
    let_go = asyncio.Event()

    async def holding(request: web.Request, event: dict[str, Any]) -> web.StreamResponse:
        await let_go.wait()
        return await fine(request, event)

    members = [shop.enrol() for _ in range(3)]
    async with receiving(holding) as receiver:
        await open_(shop, receiver.url, ["purchase.recorded"])
        bought = {member["id"]: [shop.buy(member)["id"] for _ in range(4)] for member in members}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "loyalty_api", "work"),
            env={**os.environ, "LOYALTY_DATABASE_URL": database_url, "LOYALTY_WEBHOOKS_LOCAL": "true"},
        )
        try:
            await until(lambda: len(receiver.requests) == 3)
        finally:
            process.send_signal(signal.SIGKILL)
            await process.wait()
        receiver.behaviour = fine
        let_go.set()
        async with working(database, clock=lambda: now() + timedelta(seconds=QUICK.hold + 1)):
            await until(lambda: len({each["id"] for each in receiver.accepted}) == 12)
    for member_id, purchases in bought.items():
        mine = [each["data"]["purchase_id"] for each in receiver.accepted if each["subject"] == member_id]
        assert list(dict.fromkeys(mine)) == purchases


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "127.1", "0.0.0.0"])
async def test_no_connection_is_opened_to_an_address_that_is_not_public(host: str) -> None:
    async with receiving() as receiver:
        sender = Sender(local=False, timeout_seconds=2)
        url = receiver.url.replace("127.0.0.1", host)
        attempt = await sender.post(url, b"{}", {})
        await sender.close()
    assert not attempt.good
    assert attempt.error
    assert receiver.requests == []


async def test_a_name_that_leads_to_a_private_address_is_refused_when_the_event_is_sent(
    shop: Shop, database: Database, open_: Open
) -> None:
    async with receiving() as receiver, working(database, local=False):
        webhook_id, _ = await open_(shop, receiver.url.replace("127.0.0.1", "localhost"), ["purchase.recorded"])
        shop.buy(shop.enrol())
        await until(lambda: deliveries(shop, webhook_id))
    assert "not public" in deliveries(shop, webhook_id)[0]["error"]
    assert receiver.requests == []
