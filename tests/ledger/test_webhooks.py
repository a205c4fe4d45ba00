"""Events to receivers that behave: signed, in order, once, and written down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from tests.make.receiver import Open, deliveries, receiving, until, working
from tests.make.shop import Shop

from loyalty_api.domain.webhooks.rotate_secret import rotate_secret
from loyalty_api.kernel.clock import now
from loyalty_api.kernel.database import Database
from loyalty_api.worker.webhooks import Webhooks


async def test_a_receiver_is_sent_the_events_of_the_feed_signed_and_each_is_written_down(
    shop: Shop, database: Database, open_: Open
) -> None:
    async with receiving() as receiver, working(database):
        webhook_id, secret = await open_(shop, receiver.url)
        shop.buy(shop.enrol(), 60_000)
        await until(lambda: len(receiver.accepted) == 4)
        await until(lambda: len(deliveries(shop, webhook_id)) == 4)
    assert receiver.events == shop.call("GET", "/v1/events").json()["items"]
    receiver.verify(secret)
    with pytest.raises(WebhookVerificationError):
        receiver.verify("whsec_" + "A" * 43 + "=")
    headers, _ = receiver.requests[0]
    assert headers["webhook-id"] == receiver.events[0]["id"]
    assert headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    newest = deliveries(shop, webhook_id, state="delivered")[0]
    assert newest.pop("duration_ms") >= 0
    assert newest.pop("attempted_at").endswith("Z")
    assert newest == {
        "id": newest["id"],
        "event": receiver.events[3]["id"],
        "type": "loyalty.tier.changed.v1",
        "member": receiver.events[3]["subject"],
        "state": "delivered",
        "attempts": 1,
        "next_attempt_at": None,
        "status": 200,
        "error": None,
        "response": "thank you",
        "replay_of": None,
    }
    cursor = shop.call("GET", f"/v1/webhooks/{webhook_id}/deliveries?limit=3").json()["next_cursor"]
    assert [each["event"] for each in deliveries(shop, webhook_id, limit=3, cursor=cursor)] == [
        receiver.events[0]["id"]
    ]


async def test_a_webhook_is_sent_what_it_asked_for_of_its_program_from_its_opening_on(
    make_shop: Callable[..., Shop], database: Database, open_: Open
) -> None:
    shop, other = make_shop(), make_shop()
    shop.buy(shop.enrol())
    async with receiving() as receiver, working(database) as worker:
        await until(lambda: shop.call("GET", "/v1/events").json()["items"])
        await open_(shop, receiver.url, ["points.earned"])
        other.buy(other.enrol())
        bought = [shop.buy(shop.enrol())["id"] for _ in range(3)]
        await until(lambda: len(receiver.accepted) == 3)
        assert isinstance(worker, Webhooks)
    assert {each["type"] for each in receiver.events} == {"loyalty.points.earned.v1"}
    assert sorted(each["data"]["purchase_id"] for each in receiver.events) == sorted(bought)


async def test_two_workers_send_every_event_once_and_each_members_in_their_order(
    shop: Shop, database: Database, open_: Open
) -> None:
    async def hesitant(_request: web.Request, _event: dict[str, Any]) -> web.StreamResponse:
        await asyncio.sleep(0.01)
        return web.Response()

    async with receiving(hesitant) as receiver, working(database), working(database):
        await open_(shop, receiver.url, ["purchase.recorded"])
        members = [shop.enrol() for _ in range(4)]
        bought = {member["id"]: [shop.buy(member)["id"] for _ in range(10)] for member in members}
        await until(lambda: len(receiver.accepted) >= 40)
    assert len(receiver.events) == 40
    for member_id, purchases in bought.items():
        mine = [each["data"]["purchase_id"] for each in receiver.events if each["subject"] == member_id]
        assert mine == purchases


async def test_after_a_rotation_both_secrets_sign_until_the_overlap_is_over(
    shop: Shop, database: Database, open_: Open
) -> None:
    moved: list[datetime] = []
    async with receiving() as receiver:
        webhook_id, old = await open_(shop, receiver.url, ["purchase.recorded"])
        answer = shop.call("POST", f"/v1/webhooks/{webhook_id}/secret", {"overlap_hours": 2})
        assert answer.status_code == 201, answer.text
        new, member = answer.json()["secret"], shop.enrol()
        async with working(database):
            shop.buy(member)
            await until(lambda: len(receiver.accepted) == 1)
        receiver.verify(old)
        receiver.verify(new)
        moved.append(datetime.now(UTC) + timedelta(hours=3))
        async with working(database, clock=lambda: moved[0]):
            shop.buy(member)
            await until(lambda: len(receiver.accepted) == 2)
    headers, body = receiver.requests[1]
    assert len(headers["webhook-signature"].split(" ")) == 1
    assert Webhook(new).sign(headers["webhook-id"], moved[0], body.decode()) == headers["webhook-signature"]


async def test_a_leaked_secret_ends_at_once(shop: Shop, database: Database, open_: Open) -> None:
    async with receiving() as receiver, working(database):
        webhook_id, old = await open_(shop, receiver.url, ["purchase.recorded"])
        async with database.reader() as connection:
            program_id = await connection.fetchval("SELECT program_id FROM webhooks WHERE webhook_id = $1", webhook_id)
        new = await database.write(
            lambda connection: rotate_secret(
                connection, program_id=program_id, webhook_id=webhook_id, overlap=timedelta(), now=now()
            )
        )
        shop.buy(shop.enrol())
        await until(lambda: len(receiver.accepted) == 1)
    receiver.verify(new)
    with pytest.raises(WebhookVerificationError):
        receiver.verify(old)


async def test_one_delivery_is_sent_again_under_the_id_of_its_event(
    shop: Shop, database: Database, open_: Open
) -> None:
    async with receiving() as receiver, working(database):
        webhook_id, _ = await open_(shop, receiver.url, ["purchase.recorded"])
        for _ in range(3):
            shop.buy(shop.enrol())
        await until(lambda: len(deliveries(shop, webhook_id)) == 3)
        middle = deliveries(shop, webhook_id)[1]
        answer = shop.call("POST", f"/v1/webhooks/{webhook_id}/deliveries/{middle['id']}/replay")
        assert answer.status_code == 201, answer.text
        assert (answer.json()["state"], answer.json()["replay_of"]) == ("waiting", middle["id"])
        await until(lambda: len(receiver.accepted) == 4)
        await until(lambda: deliveries(shop, webhook_id, state="waiting") == [])
    assert receiver.events[3] == next(each for each in receiver.events if each["id"] == middle["event"])
    again = next(each for each in deliveries(shop, webhook_id) if each["replay_of"])
    assert (again["id"], again["state"], again["attempts"]) == (answer.json()["id"], "delivered", 1)


async def test_a_span_of_time_is_sent_again(shop: Shop, database: Database, open_: Open) -> None:
    async with receiving() as receiver, working(database):
        webhook_id, _ = await open_(shop, receiver.url, ["purchase.recorded"])
        shop.buy(shop.enrol())
        await until(lambda: len(deliveries(shop, webhook_id)) == 1)
        begun = datetime.now(UTC)
        for _ in range(5):
            shop.buy(shop.enrol())
        await until(lambda: len(deliveries(shop, webhook_id)) == 6)
        span = {"from": begun.isoformat(), "until": (begun + timedelta(minutes=1)).isoformat()}
        failed = shop.call("POST", f"/v1/webhooks/{webhook_id}/replay", span | {"state": "failed"})
        assert (failed.status_code, failed.json()) == (201, {"replayed": 0})
        answer = shop.call("POST", f"/v1/webhooks/{webhook_id}/replay", span, headers={"Idempotency-Key": "again"})
        assert (answer.status_code, answer.json()) == (201, {"replayed": 5})
        twice = shop.call("POST", f"/v1/webhooks/{webhook_id}/replay", span, headers={"Idempotency-Key": "again"})
        assert twice.headers["idempotent-replayed"] == "true"
        await until(lambda: len(receiver.accepted) == 11)
    ids = [each["id"] for each in receiver.events]
    assert sorted(ids[1:6]) == sorted(ids[6:])
