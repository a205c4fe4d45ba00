"""Reading a body: whole, in parts, or cut off."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty_api.rest.receive import read_body
from loyalty_api.rest.route import Answer

CUT_OFF = {"type": "http.disconnect"}


def part(body: bytes, *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


async def read(*messages: dict[str, Any], bytes_max: int = 10) -> bytes | Answer:
    coming = iter(messages)

    async def receive() -> dict[str, Any]:
        return next(coming)

    return await read_body({"headers": [], "http_version": "1.1"}, receive, bytes_max)


@pytest.mark.parametrize(
    ("messages", "body"),
    [
        ((part(b"whole", more=False),), b"whole"),
        ((part(b"in "), part(b"parts", more=False)), b"in parts"),
        ((part(b""), part(b"", more=False)), b""),
    ],
)
async def test_a_body_comes_whole_or_in_parts(messages: tuple[Any, ...], body: bytes) -> None:
    assert await read(*messages) == body


@pytest.mark.parametrize("messages", [(CUT_OFF,), (part(b"a line\n"), CUT_OFF)], ids=["before", "amid"])
async def test_a_part_of_a_body_is_no_body(messages: tuple[Any, ...]) -> None:
    answer = await read(*messages)
    assert isinstance(answer, Answer)
    assert answer.status == 400


async def test_a_body_beyond_the_limit_is_left_unread() -> None:
    answer = await read(part(b"six by"), part(b"tes..", more=False))
    assert isinstance(answer, Answer)
    assert answer.status == 413
    assert (b"connection", b"close") in answer.headers
