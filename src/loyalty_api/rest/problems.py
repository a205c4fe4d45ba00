"""Refusals as RFC 9457 problems: one total mapping from kinds to statuses, one shape for every error."""

from __future__ import annotations

from typing import Any

import msgspec

from loyalty_api.kernel.http_status import STATUS
from loyalty_api.kernel.refusals import Busy, Kind, Refusal
from loyalty_api.rest.route import Answer
from loyalty_api.rest.tally import count_refusal

PROBLEM_JSON = b"application/problem+json"


class FieldProblem(msgspec.Struct, frozen=True):
    """One wrong field of the input, and what to do about it."""

    field: str
    message: str


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """RFC 9457: a stable ``code``, a sentence for people in ``detail``, and the wrong fields in ``errors``."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[FieldProblem] = []


def problem_of(refusal: Refusal) -> Problem:
    """The problem that tells a refusal."""
    return Problem(
        type=f"urn:loyalty-api:problem:{refusal.code}",
        title=refusal.title,
        status=STATUS[refusal.kind],
        code=refusal.code,
        detail=refusal.detail,
        errors=[FieldProblem(*each) for each in refusal.errors],
    )


def refuse(refusal: Refusal) -> Answer:
    """A refusal as an answer."""
    count_refusal(refusal.code)
    problem = problem_of(refusal)
    headers: list[tuple[bytes, bytes]] = []
    if isinstance(refusal, Busy):
        headers.append((b"retry-after", str(refusal.retry_after_seconds).encode()))
    if refusal.kind is Kind.UNAUTHENTICATED:
        headers.append((b"www-authenticate", b"Bearer"))
    return Answer(problem.status, msgspec.json.encode(problem), tuple(headers), PROBLEM_JSON)


def plain_problem(status: int, code: str, title: str, detail: str, **headers: str) -> Answer:
    """A problem that no refusal stands for: no such address, wrong method, our own failure."""
    body: dict[str, Any] = {"type": f"urn:loyalty-api:problem:{code}", "title": title, "status": status}
    body |= {"code": code, "detail": detail}
    extra = tuple((name.replace("_", "-").encode(), value.encode()) for name, value in headers.items())
    return Answer(status, msgspec.json.encode(body), extra, PROBLEM_JSON)


NO_SUCH = plain_problem(
    404, "request.not_found", "Nothing is here", "This address does not exist; see /openapi.json for those that do."
)
INTERNAL = plain_problem(
    500,
    "service.failed",
    "Something went wrong here",
    "The request failed on our side; it may be sent again.",
)
