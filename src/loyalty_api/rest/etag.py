"""Entity tags: who saves says which state it saw (If-Match), who reads may say which one it has (If-None-Match)."""

from __future__ import annotations

import re
from collections.abc import Container

import msgspec

from loyalty_api.kernel.refusals import Kind, Refusal
from loyalty_api.rest.route import Answer, Call

# A proxy that compresses makes a tag weak (W/"…"). Ours name a state, not bytes, so that does no harm.
_TAG = re.compile(r'"([^"]*)"')


class ConditionMissing(Refusal):
    """The call replaces something, so it must say in If-Match which state of it the caller has seen."""

    kind = Kind.UNCONDITIONAL
    code = "request.condition_missing"
    title = "The request must say what it is based on"


def states_seen(call: Call) -> Container[str] | None:
    """The tags in If-Match; None for ``*``, any state. Refuses: ConditionMissing."""
    if not call.if_match.strip():
        raise ConditionMissing("Read it first and send the ETag of that answer as If-Match.")
    return None if call.if_match.strip() == "*" else _TAG.findall(call.if_match)


def tagged(answer: Answer, tag: str) -> Answer:
    """The answer with its ETag."""
    return msgspec.structs.replace(answer, headers=(*answer.headers, (b"etag", f'"{tag}"'.encode())))


def unless_known(answer: Answer, tag: str, call: Call) -> Answer:
    """The answer to a read with its ETag; 304 without a body for a caller who has this state already."""
    known = call.if_none_match.strip() == "*" or tag in _TAG.findall(call.if_none_match)
    return tagged(Answer(304, b"") if known else answer, tag)
