"""``GET /metrics`` in Prometheus's text format: what the API's processes counted, and how the deployment does.

Not public: it takes a key that can do nothing else (``loyalty keys create --metrics``), or an operator's. Any process
answers for all of its server; of the worker and the database everybody tells the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from loyalty_api.domain.operations.queries import Outlook, read_outlook, unix_seconds
from loyalty_api.rest.door import Door
from loyalty_api.rest.route import Answer, Call, Route
from loyalty_api.rest.tally import ANSWER_SECONDS, SECONDS, SIZES, Tally, tally_everywhere
from loyalty_api.settings import metrics_dir


class _Numbers(Collector):
    """The tally and the outlook as families of metrics."""

    def __init__(self, tally: Tally, outlook: Outlook, queued: dict[str, int], now: float) -> None:
        self._tally, self._outlook, self._queued, self._now = tally, outlook, queued, now

    def collect(self) -> Iterator[Metric]:
        """All families."""
        yield from self._of_requests()
        yield from self._of_operations()
        yield from self._of_batches()
        yield from self._of_events()
        yield from self._of_webhooks()
        yield from self._of_jobs()
        yield from self._of_proofs()

    def _of_requests(self) -> Iterator[Metric]:
        requests = CounterMetricFamily("loyalty_requests", "REST requests answered.", labels=["route", "status"])
        for route, counts in sorted(self._tally.requests.items()):
            for status, count in sorted(counts.items()):
                requests.add_metric([route, str(status)], count)
        yield requests
        refusals = CounterMetricFamily("loyalty_refusals", "Refusals, those within batches too.", labels=["code"])
        for code, count in sorted(self._tally.refusals.items()):
            refusals.add_metric([code], count)
        yield refusals
        words = "How long a REST request took to be answered, once it was read."
        yield _histogram("loyalty_request_seconds", words, "route", ANSWER_SECONDS, self._tally.request_seconds)

    def _of_operations(self) -> Iterator[Metric]:
        words = "GraphQL operations answered, over HTTP and WebSockets."
        operations = CounterMetricFamily("loyalty_graphql_operations", words, labels=["operation", "outcome"])
        for operation, outcomes in sorted(self._tally.operations.items()):
            for outcome, count in sorted(outcomes.items()):
                operations.add_metric([operation, outcome], count)
        yield operations
        words, seconds = "How long a GraphQL operation took to be answered.", self._tally.operation_seconds
        yield _histogram("loyalty_graphql_seconds", words, "operation", ANSWER_SECONDS, seconds)

    def _of_batches(self) -> Iterator[Metric]:
        words = "Purchases, events and openings that went through a group commit."
        commands = CounterMetricFamily("loyalty_commands", words, labels=["queue", "outcome"])
        for queue, outcomes in sorted(self._tally.outcomes.items()):
            for outcome, count in sorted(outcomes.items()):
                commands.add_metric([queue, outcome], count)
        yield commands
        waiting = GaugeMetricFamily("loyalty_queue_waiting", "Commands waiting, in this process.", labels=["queue"])
        for queue, count in self._queued.items():
            waiting.add_metric([queue], count)
        yield waiting
        sizes, seconds = self._tally.sizes, self._tally.seconds
        yield _histogram("loyalty_batch_size", "Commands per transaction.", "queue", SIZES, sizes)
        words = "How long a batch took, its commit included."
        yield _histogram("loyalty_batch_seconds", words, "queue", SECONDS, seconds)

    def _of_events(self) -> Iterator[Metric]:
        outlook = self._outlook
        words = "Events that have no place in the feed yet."
        yield GaugeMetricFamily("loyalty_outbox_waiting", words, value=outlook.waiting)
        words = "Age of the oldest event that has no place in the feed yet."
        yield GaugeMetricFamily("loyalty_outbox_lag_seconds", words, value=outlook.waiting_seconds)

    def _of_webhooks(self) -> Iterator[Metric]:
        behind = GaugeMetricFamily("loyalty_webhook_behind", "Feed places not read by a webhook.", labels=["webhook"])
        waiting = GaugeMetricFamily("loyalty_webhook_waiting", "Deliveries to be tried again.", labels=["webhook"])
        words = "How long a webhook has been failing, without any success since."
        failing = GaugeMetricFamily("loyalty_webhook_failing_seconds", words, labels=["webhook"])
        on = GaugeMetricFamily("loyalty_webhook_on", "1 as long as a webhook is not off.", labels=["webhook"])
        for row in self._outlook.webhooks:
            labels, since = [str(row["webhook_id"])], row["failing_since"]
            behind.add_metric(labels, row["behind"])
            waiting.add_metric(labels, row["waiting"])
            failing.add_metric(labels, 0 if since is None else max(0.0, self._now - unix_seconds(since)))
            on.add_metric(labels, row["state"] == "on")
        yield from (behind, waiting, failing, on)

    def _of_jobs(self) -> Iterator[Metric]:
        ran = GaugeMetricFamily("loyalty_job_ran_timestamp_seconds", "When a job ended last.", labels=["job"])
        ok = GaugeMetricFamily("loyalty_job_ok", "1 if a job's last run was good.", labels=["job"])
        took = GaugeMetricFamily("loyalty_job_seconds", "How long a job's last run took.", labels=["job"])
        words = "What the last proof of the ledger found to be broken."
        found = GaugeMetricFamily("loyalty_verify_findings", words)
        for row in self._outlook.jobs:
            labels = [row["job"]]
            ran.add_metric(labels, unix_seconds(row["ran_at"]))
            ok.add_metric(labels, row["ok"])
            took.add_metric(labels, row["took_ms"] / 1000)
            if row["found"] is not None:
                found.add_metric([], row["found"])
        work = CounterMetricFamily("loyalty_work", "What the workers did, by what it was.", labels=["what"])
        for name, count in self._outlook.counts.items():
            work.add_metric([name], count)
        yield from (ran, ok, took, found, work)

    def _of_proofs(self) -> Iterator[Metric]:
        words = "What the last proof of a program's ledger found to be broken."
        found = GaugeMetricFamily("loyalty_verify_program_findings", words, labels=["program"])
        words = "When a program's ledger was last proved by a worker."
        proved = GaugeMetricFamily("loyalty_verify_program_timestamp_seconds", words, labels=["program"])
        for row in self._outlook.proofs:
            found.add_metric([row["code"]], row["findings"])
            proved.add_metric([row["code"]], unix_seconds(row["proved_at"]))
        yield from (found, proved)


async def read(door: Door, call: Call) -> Answer:
    """200 with all metrics."""
    async with door.database.reader() as connection:
        outlook = await read_outlook(connection, now=call.received_at)
    tally = tally_everywhere(metrics_dir())
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Numbers(tally, outlook, door.queued(), unix_seconds(call.received_at)))
    return Answer(200, generate_latest(registry), content_type=CONTENT_TYPE_LATEST.encode())


def _histogram(name: str, words: str, label: str, bounds: tuple[float, ...], spreads: dict[str, list[float]]) -> Metric:
    family = HistogramMetricFamily(name, words, labels=[label])
    for value, spread in sorted(spreads.items()):
        *counts, total = spread
        edges = [*(f"{bound:g}" for bound in bounds), "+Inf"]
        family.add_metric([value], list(zip(edges, accumulate(counts), strict=True)), total)
    return family


ROUTES = [
    Route(
        method="GET",
        path="/metrics",
        handler=read,
        summary="Metrics in Prometheus's text format, of all processes behind this address and of the worker",
        answer=None,
    ),
]
