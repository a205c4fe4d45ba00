"""A movement of points in a member's language (pure)."""

from __future__ import annotations

from loyalty_api.domain.earning.speech import speech_to_members
from loyalty_api.domain.lifecycle.history import Movement
from loyalty_api.domain.lifecycle.history_phrases import HISTORY

_NAMED = {"purchase": "reference", "engagement": "kind", "redemption": "reward"}


def tell_movement(movement: Movement, *, language: str, currency: str) -> str:
    """Why points came or went: ``13 points for purchase R-000123``."""
    row, cause = movement
    phrases = HISTORY[language]
    points = speech_to_members(language, currency).points(row["points"])
    named = f"{row['kind']}.{row['cause_kind']}"
    if cause is not None and named in phrases:
        return phrases[named].format(points=points, name=cause[_NAMED[row["cause_kind"]]])
    phrase = phrases.get(row["kind"], phrases["other"])
    column = "reversal" if row["kind"] == "reverse" else "reason"
    reason = cause[column] if cause is not None and row["cause_kind"] == "adjustment" else None
    return phrase.format(points=points, reason=reason or phrases["no_reason"])
