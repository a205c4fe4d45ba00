"""A batch from a till that was offline: a JSON array or NDJSON, one result per item, in order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal, TypeVar

import msgspec

from loyalty_api.domain.claims.answered import Answered
from loyalty_api.kernel.logging import logger
from loyalty_api.kernel.refusals import FieldError, InvalidRequest, Malformed, Refusal
from loyalty_api.rest.decode import NDJSON_TYPE, TooLarge
from loyalty_api.rest.door import Door
from loyalty_api.rest.problems import INTERNAL, refuse
from loyalty_api.rest.route import Answer, Call

ITEMS_MAX = 1000

Command = TypeVar("Command")

log = logger(__name__)


class BatchResult(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What became of one item; ``index`` is its place in the batch, from 0."""

    index: int
    status: Literal["recorded", "replayed", "refused"]
    answer: msgspec.Raw | None = None
    problem: msgspec.Raw | None = None


class BatchAnswer(msgspec.Struct, frozen=True):
    """One result per item, in the order of the items."""

    results: list[BatchResult]


async def answer_batch(
    door: Door,
    call: Call,
    record: Callable[[Sequence[Command]], Awaitable[Sequence[Answered | Exception]]],
    *,
    make_command: Callable[[bytes], Command],
    order: Callable[[Command], Any],
) -> Answer:
    """200 with a result per item; a bad item never stops the others. Items are taken in the ``order`` they occurred.

    ``make_command`` reads an item, or refuses it; ``record`` answers all that were read, in their order. Raises Busy,
    having recorded nothing, while the process has as many batches as it takes.
    """
    lines = call.content_type == NDJSON_TYPE
    with door.taking_batch():
        items = _split(call.body, lines)
        outcomes: list[Answered | Exception | None] = [None] * len(items)
        commands: list[tuple[int, Command]] = []
        for index, item in enumerate(items):
            try:
                commands.append((index, make_command(item)))
            except Refusal as refusal:
                outcomes[index] = refusal
        commands.sort(key=lambda pair: order(pair[1]))
        answered = await record([command for _, command in commands])
    for (index, _), outcome in zip(commands, answered, strict=True):
        outcomes[index] = outcome
    results = [_result(index, outcome) for index, outcome in enumerate(outcomes)]
    if lines:
        return Answer(200, b"".join(msgspec.json.encode(each) + b"\n" for each in results), (), NDJSON_TYPE.encode())
    return Answer(200, msgspec.json.encode(BatchAnswer(results)))


def _split(body: bytes, lines: bool) -> Sequence[bytes]:
    if lines:
        items: list[Any] = [line for line in body.split(b"\n") if line.strip()]
    else:
        try:
            items = msgspec.json.decode(body, type=list[msgspec.Raw])
        except msgspec.ValidationError:
            raise InvalidRequest.of(FieldError("body", "must be a JSON array")) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Malformed(f"The body is not JSON: {error}.") from None
    if len(items) > ITEMS_MAX:
        raise TooLarge(f"A batch takes at most {ITEMS_MAX:,} items; this one has {len(items):,}. Send it in parts.")
    return [bytes(item) for item in items]


def _result(index: int, outcome: Answered | Exception | None) -> BatchResult:
    if isinstance(outcome, Answered):
        status = "replayed" if outcome.replayed else "recorded"
        return BatchResult(index=index, status=status, answer=msgspec.Raw(outcome.body))
    if isinstance(outcome, Refusal):
        return BatchResult(index=index, status="refused", problem=msgspec.Raw(refuse(outcome).body))
    log.error("batch_item_failed", index=index, exc_info=outcome)
    return BatchResult(index=index, status="refused", problem=msgspec.Raw(INTERNAL.body))
