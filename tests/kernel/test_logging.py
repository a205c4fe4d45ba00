"""Logs: what goes wrong again and again does not fill a disk."""

from __future__ import annotations

import json

import pytest
import structlog

from loyalty_api.kernel import logging
from loyalty_api.kernel.logging import LINES_REMEMBERED_MAX, REPEATED_SECONDS, Repeats, configure_logging, logger


def test_the_same_line_is_written_once_a_minute_with_how_often_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = 1000.0
    monkeypatch.setattr(logging, "monotonic", lambda: seconds)
    repeats = Repeats()

    def passed(reason: str) -> dict[str, object] | None:
        try:
            return dict(repeats(None, "warning", {"event": "put_off", "reason": reason}))
        except structlog.DropEvent:
            return None

    assert passed("away") == {"event": "put_off", "reason": "away"}
    assert passed("refused") == {"event": "put_off", "reason": "refused"}, "another line is another one"
    assert [passed("away") for _ in range(3)] == [None] * 3
    seconds += REPEATED_SECONDS
    assert passed("away") == {"event": "put_off", "reason": "away", "repeated": 3}
    assert passed("away") is None
    seconds += REPEATED_SECONDS
    assert passed("away") == {"event": "put_off", "reason": "away", "repeated": 1}
    for number in range(2 * LINES_REMEMBERED_MAX):
        assert passed(str(number)) is not None
    assert passed("away") is not None, "it was forgotten: what is remembered has a limit"


def test_an_error_that_comes_again_at_once_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    before = structlog.get_config()
    try:
        configure_logging("INFO")
        for _ in range(3):
            try:
                raise ValueError("a bug")
            except ValueError as error:
                logger("a module").error("round_failed", job="relay", exc_info=error)
        line, end = capsys.readouterr().err.split("\n", 1)
    finally:
        structlog.configure(**before)
    said = json.loads(line)
    assert (said["event"], said["job"], said["level"], end) == ("round_failed", "relay", "error", "")
    assert "ValueError: a bug" in said["exception"]
