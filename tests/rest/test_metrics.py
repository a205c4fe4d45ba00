"""GET /metrics: what was counted, who may see it, and that several processes count as one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from loyalty_api.domain.access.issue_key import issue_key
from loyalty_api.domain.operations.queries import BEHIND, read_worker
from loyalty_api.domain.operations.report import Ran, report_jobs
from loyalty_api.kernel.clock import now
from loyalty_api.kernel.database import Database
from loyalty_api.rest.tally import SECONDS, Tally, count_batch, tally_here
from loyalty_api.worker.beats import Beats
from loyalty_api.worker.relay import Relay
from loyalty_api.worker.valuer import Valuer
from tests.conftest import issue_operator_key
from tests.make.live import POINTS, LivePhone
from tests.make.phone import Phone
from tests.make.problem import problem
from tests.make.purchase import make_purchase
from tests.make.shop import Shop, bearer

Samples = dict[tuple[str, ...], float]


def samples(http: httpx.Client, key: str) -> Samples:
    """Every sample by its name and the values of its labels, in the order of the labels' names."""
    answer = http.get("/metrics", headers=bearer(key))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def metrics_key(database: Database) -> str:
    """A key that may read the metrics and nothing else."""
    issued = await database.write(
        lambda connection: issue_key(connection, program_id=None, name="tests", scopes=["metrics"], now=now())
    )
    return issued.key


async def test_purchases_refusals_batches_and_requests_are_counted(
    shop: Shop, http: httpx.Client, operator_key: str
) -> None:
    member = shop.enrol()
    before = samples(http, operator_key)
    purchase = make_purchase(member["card"])
    assert [shop.post(purchase).status_code for _ in range(2)] == [201, 200]
    problem(shop.post(make_purchase("card:nobody")), 404, "member.not_found")
    batch = [make_purchase(member["card"]), make_purchase("card:nobody")]
    assert shop.call("POST", "/v1/purchases/batch", batch).status_code == 200
    after = samples(http, operator_key)
    grown = {key: after[key] - before.get(key, 0) for key in after if after[key] != before.get(key, 0)}
    assert grown["loyalty_requests_total", "POST /v1/purchases", "201"] == 1
    assert grown["loyalty_requests_total", "POST /v1/purchases", "200"] == 1
    assert grown["loyalty_requests_total", "POST /v1/purchases", "404"] == 1
    assert grown["loyalty_requests_total", "POST /v1/purchases/batch", "200"] == 1
    assert grown["loyalty_refusals_total", "member.not_found"] == 2
    assert grown["loyalty_commands_total", "recorded", "purchases"] == 2
    assert grown["loyalty_commands_total", "replayed", "purchases"] == 1
    assert grown["loyalty_commands_total", "refused", "purchases"] == 2
    assert grown["loyalty_batch_size_sum", "purchases"] == 5
    assert grown["loyalty_batch_size_count", "purchases"] == 4
    assert grown["loyalty_batch_size_bucket", "1", "purchases"] == 3
    assert grown["loyalty_batch_size_bucket", "+Inf", "purchases"] == 4
    assert grown["loyalty_batch_seconds_count", "purchases"] == 4


def test_operations_of_phones_are_counted_by_type_and_outcome_and_answers_by_how_long_they_took(
    shop: Shop, http: httpx.Client, operator_key: str
) -> None:
    phone = Phone.of(shop, shop.enrol())
    before = samples(http, operator_key)
    phone.ask("{ viewer { number } }")
    phone.ask("mutation { __typename }")
    phone.errors("{ nothing }")
    phone.errors('{ viewer { points { expiring(within: "x") { points } } } }')
    assert Phone(http, "x").send("{ viewer { number } }").status_code == 401
    with LivePhone.of(phone) as live:
        live.subscribe(POINTS)
        assert live.hear()["type"] == "next"
        live.subscribe("{ viewer { number } }")
        assert {live.hear()["type"] for _ in range(2)} == {"next", "complete"}
        live.subscribe("{ nothing }")
        assert live.hear()["type"] == "error"
        live.subscribe(f"query {{ {' '.join(f'a{n}: viewer {{ number }}' for n in range(200))} }}")
        assert live.hear()["type"] == "error"
    after = samples(http, operator_key)
    grown = {key[1:]: after[key] - before.get(key, 0) for key in after if key[0] == "loyalty_graphql_operations_total"}
    grown = {key: count for key, count in grown.items() if count}
    assert grown == {
        ("query", "answered"): 2,
        ("mutation", "answered"): 1,
        ("query", "errors"): 1,
        ("none", "invalid"): 2,
        ("none", "refused"): 2,
        ("subscription", "begun"): 1,
    }
    took = "loyalty_graphql_seconds_count", "query"
    assert after[took] - before.get(took, 0) == 3
    shop.buy(shop.enrol())
    route = "loyalty_request_seconds_count", "POST /v1/purchases"
    told = samples(http, operator_key)
    assert told[route] - after.get(route, 0) == 1
    assert told["loyalty_request_seconds_bucket", "+Inf", "POST /v1/purchases"] == told[route]
    assert 0 < told["loyalty_request_seconds_sum", "POST /v1/purchases"] < 60


async def test_only_a_key_for_it_or_the_operators_reads_the_metrics_and_that_key_reads_nothing_else(
    shop: Shop, http: httpx.Client, database: Database
) -> None:
    key = await metrics_key(database)
    assert samples(http, key)
    problem(shop.call("GET", "/metrics", key="lk_unknown"), 401, "access.unauthenticated")
    problem(shop.call("GET", "/metrics"), 403, "access.forbidden")
    problem(shop.call("GET", "/v1/program", key=key), 403, "access.forbidden")
    problem(shop.call("POST", "/v1/programs", {}, key=key), 403, "access.forbidden")


def test_several_processes_count_as_one_whichever_answers(
    start_api: Callable[..., Any], fresh_database_url: str, fresh_operator: str
) -> None:
    api = start_api(fresh_database_url, workers=2)
    asked = 40
    for _ in range(asked):  # each on a connection of its own, which either process may take
        assert httpx.get(f"{api.url}/health/live").status_code == 200
    counted: list[float] = []
    for _ in range(150):
        with httpx.Client(base_url=api.url) as http:
            counted.append(samples(http, fresh_operator).get(("loyalty_requests_total", "GET /health/live", "200"), 0))
        if counted[-6:] == [asked] * 6:
            return
        time.sleep(0.1)
    raise AssertionError(f"the processes told different numbers: {counted[-6:]}")


async def test_what_the_worker_and_the_proof_did_is_told(
    http: httpx.Client, shop: Shop, database: Database, operator_key: str
) -> None:
    beats = Beats()
    shop.buy(shop.enrol())
    stop = asyncio.Event()
    relay = asyncio.create_task(Relay(database, beats=beats, tell=stop.set).work(stop))
    await relay
    before = samples(http, operator_key)
    await beats.write(database)
    beats.count({"events_stamped": 2})
    await beats.write(database)
    proof = Ran("verify", now(), ok=False, took_ms=1500, found=3)
    await database.write(lambda connection: report_jobs(connection, [proof], {}))
    after = samples(http, operator_key)
    stamped = "loyalty_work_total", "events_stamped"
    assert after[stamped] - before.get(stamped, 0) >= 4
    assert after["loyalty_job_ok", "relay"] == 1
    assert abs(after["loyalty_job_ran_timestamp_seconds", "relay"] - time.time()) < 60
    assert (after["loyalty_job_ok", "verify"], after["loyalty_job_seconds", "verify"]) == (0, 1.5)
    assert after[("loyalty_verify_findings",)] == 3
    webhook = shop.call("POST", "/v1/webhooks", {"url": "https://example.org/"}).json()["id"]
    shop.buy(shop.enrol())
    assert samples(http, operator_key)["loyalty_webhook_behind", webhook] == 0
    assert samples(http, operator_key)[("loyalty_outbox_waiting",)] >= 2
    await Relay(database).round()
    told = samples(http, operator_key)
    assert (told["loyalty_webhook_behind", webhook], told["loyalty_webhook_on", webhook]) == (2, 1)
    assert (told[("loyalty_outbox_waiting",)], told[("loyalty_outbox_lag_seconds",)]) == (0, 0)
    shop.call("PATCH", f"/v1/webhooks/{webhook}", {"state": "off"})
    assert samples(http, operator_key)["loyalty_webhook_on", webhook] == 0


async def test_the_valuers_runs_are_counted_as_those_of_other_jobs_are(
    fresh_database: Database, fresh_operator: str, start_api: Callable[..., Any], fresh_database_url: str
) -> None:
    stop = asyncio.Event()

    class Heard(Beats):
        def ran(self, job: str, *, ok: bool, took_seconds: float, **counts: int) -> None:
            super().ran(job, ok=ok, took_seconds=took_seconds, **counts)
            stop.set()

    beats = Heard()
    await Valuer(fresh_database, clock=now, beats=beats).work(stop)
    await beats.write(fresh_database)
    with httpx.Client(base_url=start_api(fresh_database_url).url) as http:
        assert samples(http, fresh_operator)["loyalty_job_ok", "value"] == 1


async def test_readiness_tells_of_a_worker_that_is_behind_and_stays_ready(
    fresh_database: Database, fresh_operator: str, start_api: Callable[..., Any], fresh_database_url: str
) -> None:
    with httpx.Client(base_url=start_api(fresh_database_url).url) as http:
        assert ready(http) == "absent"

        async def beat(ok: bool, ago: timedelta) -> str:
            ran = Ran("relay", now() - ago, ok, 1)
            await fresh_database.write(lambda connection: report_jobs(connection, [ran], {}))
            return ready(http)

        assert await beat(True, timedelta()) == "working"
        assert await beat(False, timedelta()) == "behind"
        assert await beat(True, BEHIND * 2) == "behind"
        await beat(True, BEHIND / 2)
        Shop.open(http, fresh_operator, {}).enrol()
        assert ready(http) == "working"
    async with fresh_database.reader() as connection:
        assert await read_worker(connection, now=now() + BEHIND) == "behind"  # nobody gives the enrolment its place


def ready(http: httpx.Client) -> str:
    """How the worker does, as an API tells it that is ready."""
    answer = http.get("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    return answer.json()["worker"]


@pytest.fixture
async def fresh_database(fresh_database_url: str) -> AsyncIterator[Database]:
    """A database that nobody else uses, opened."""
    opened = await Database.open(fresh_database_url, pool_size=2)
    yield opened
    await opened.close()


@pytest.fixture
async def fresh_operator(fresh_database: Database) -> str:
    """A key that may create programs there."""
    return await issue_operator_key(fresh_database)


def test_what_two_processes_counted_adds_up() -> None:
    queue = "a queue of this test"
    count_batch(queue, [], 0.003)
    one = tally_here()
    other = Tally(requests={"GET /": {200: 2}}, seconds={queue: [0.0] * len(SECONDS) + [1, 9.0]})
    one.add(other)
    one.add(other)
    assert one.requests["GET /"] == {200: 4}
    assert (one.seconds[queue][2], one.seconds[queue][-2], round(one.seconds[queue][-1], 3)) == (1, 2, 18.003)
