"""The bench compares ways that do the same: this is its rehearsal, without the measuring."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from benchmarks.rehearsal import rehearse
from benchmarks.stage import Stage
from benchmarks.variants import ALONE
from benchmarks.webhook import judge_webhook, measure_webhook, webhook_figures


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with Stage(members=100) as stage:
        yield stage


def test_an_orm_and_a_stored_function_leave_the_same_rows_as_the_product(stage: Stage) -> None:
    stage.copy({"product", "orm", ALONE})
    rehearsed = asyncio.run(rehearse(stage, orm=True))
    assert rehearsed.arguments


def test_every_event_of_every_purchase_is_waited_for_until_it_is_at_the_webhook(stage: Stage) -> None:
    (round_,) = measure_webhook(stage, seconds=0.5, rounds=1, rate=20, warm=0.1)
    assert round_.purchases == 10
    assert len(round_.took_ms) == 20
    figures, judged = webhook_figures([round_]), judge_webhook([round_])
    assert 0 < figures["p50_ms"] <= figures["p99_ms"] <= figures["max_ms"] == round(round_.took_ms[-1], 1)
    assert judged.value == round_.percentile(99)
