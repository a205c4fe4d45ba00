"""Reading a request's body up to a limit, before anything looks into it."""

from __future__ import annotations

from typing import Any

import msgspec

from loyalty_api.kernel.refusals import Malformed
from loyalty_api.rest.decode import TooLarge
from loyalty_api.rest.problems import refuse
from loyalty_api.rest.route import Answer


async def read_body(scope: Any, receive: Any, bytes_max: int) -> bytes | Answer:
    """The body, or the 413 for one that is too long (told by its length before it is read, where it is given).

    Of a body that is cut off, the part that came is not one: a line of a batch fewer is another batch.
    """
    length = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    if length.isdigit() and int(length) > bytes_max:
        return _too_large(scope, bytes_max)
    message = await receive()
    if message["type"] == "http.disconnect":
        return _cut_off()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return body if len(body) <= bytes_max else _too_large(scope, bytes_max)
    parts, size = [body], len(body)
    while message.get("more_body"):
        message = await receive()
        if message["type"] == "http.disconnect":
            return _cut_off()
        part = message.get("body", b"")
        size += len(part)
        if size > bytes_max:
            return _too_large(scope, bytes_max)
        parts.append(part)
    return b"".join(parts)


def _cut_off() -> Answer:
    return refuse(Malformed("The body was cut off."))  # whoever sent it is gone, but it is counted


def _too_large(scope: Any, bytes_max: int) -> Answer:
    """The rest of the body stays unread, so the connection ends here; a caller must not use it again."""
    answer = refuse(TooLarge(f"A body may have at most {bytes_max:,} bytes; send it in parts."))
    if not scope["http_version"].startswith("1"):
        return answer
    return msgspec.structs.replace(answer, headers=(*answer.headers, (b"connection", b"close")))
