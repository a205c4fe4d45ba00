"""The bench compares ways that do the same: this is its rehearsal, without the measuring."""

from __future__ import annotations

import asyncio

from benchmarks.rehearsal import rehearse
from benchmarks.stage import Stage
from benchmarks.variants import ALONE


def test_an_orm_and_a_stored_function_leave_the_same_rows_as_the_product() -> None:
    with Stage(members=100) as stage:
        stage.copy({"product", "orm", ALONE})
        rehearsed = asyncio.run(rehearse(stage, orm=True))
    assert rehearsed.arguments
