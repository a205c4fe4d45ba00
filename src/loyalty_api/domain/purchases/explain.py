"""Explaining a recorded purchase: why it gave these points and not more, rule by rule, from what is stored with it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from loyalty_api.domain.earning.compile import WEEKDAYS, compile_version
from loyalty_api.domain.earning.evidence import Evidence
from loyalty_api.domain.earning.explain import CarriedRest, ExplainedBase, ExplainedRule, explain
from loyalty_api.domain.earning.speech import speech_of
from loyalty_api.domain.programs.queries import Catalogue, Program
from loyalty_api.domain.purchases.again import read_again
from loyalty_api.domain.purchases.queries import read_purchase
from loyalty_api.kernel.clock import BEGINNING_OF_TIME, rfc3339
from loyalty_api.kernel.database import Connection


class LocalTime(msgspec.Struct, frozen=True):
    """The instant on the wall of the program's zone: date, time of day and weekday that the rules saw."""

    day: str
    time: str
    weekday: str
    zone: str


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why a purchase gave its points. ``tier``: the one it earned at; ``version``: the one in force when it occurred.

    ``effective_at`` null: from the beginning of time. ``inputs``: what the decision rested on beyond the receipt, by
    rule: whether its condition held, minor units that waited, points that its limits left, minor units that now wait.
    Texts are in ``language``, their money in ``currency``.
    """

    purchase: UUID
    language: str
    version: int
    effective_at: str | None
    tier: str | None
    occurred_at: str
    local: LocalTime
    currency: str
    total_minor: int
    inputs: Evidence
    base: ExplainedBase
    points: int
    rules: list[ExplainedRule]
    carried: list[CarriedRest]
    text: str


async def explain_purchase(
    connection: Connection, catalogue: Catalogue, *, program_id: UUID, purchase_id: UUID, language: str
) -> Explanation:
    """The explanation, worked out again from the row alone. Refuses: PurchaseNotFound."""
    row = await read_purchase(connection, program_id=program_id, purchase_id=purchase_id)
    program = await catalogue.one(connection, program_id)
    version = program.version(row["version"])
    basket, lines, evidence = read_again(row, program.zone)
    told = explain(
        compile_version(program, version),
        version.document,
        basket,
        speech_of(language, row["currency"]),
        [line.line for line in lines],
    )
    return Explanation(
        purchase=purchase_id,
        language=language,
        version=version.number,
        effective_at=None if version.effective_at == BEGINNING_OF_TIME else rfc3339(version.effective_at),
        tier=row["tier"],
        occurred_at=rfc3339(row["occurred_at"]),
        local=_local(row["occurred_at"], program),
        currency=row["currency"],
        total_minor=row["total_minor"],
        inputs=evidence,
        base=told.base,
        points=told.points,
        rules=told.rules,
        carried=told.carried,
        text=told.text,
    )


def _local(occurred_at: datetime, program: Program) -> LocalTime:
    local = occurred_at.astimezone(program.zone)
    return LocalTime(f"{local:%Y-%m-%d}", f"{local:%H:%M}", WEEKDAYS[local.weekday()], program.zone.key)
