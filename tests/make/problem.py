"""What every refusal over HTTP must be."""

from __future__ import annotations

from typing import Any

import httpx


def problem(answer: httpx.Response, status: int, code: str, *fields: str) -> dict[str, Any]:
    """The problem that an answer must be, naming exactly ``fields``."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["status"], body["code"]) == (status, code)
    assert [error["field"] for error in body.get("errors", [])] == list(fields)
    assert body["title"]
    assert body["detail"]
    return body
