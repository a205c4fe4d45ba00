"""Why a reward may not be had, in every language: one catalogue each, same keys and placeholders (pure).

English is what tills are told; phones are told the same in the member's language.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from loyalty_api.domain.earning.speech import Speech, speech_of, speech_to_members
from loyalty_api.kernel.refusals import Refusal

ENGLISH = {
    "from": "{reward} may be had from {day} on.",
    "until": "{reward} could be had until {day}.",
    "tier": "{reward} is for {tiers}; the tier is {tier}.",
    "stock": "Nothing is left of {reward}.",
    "limit": "{reward} may be had {times} times; the member had it.",
    "limit.days": "{reward} may be had {times} times in {days} days; the member had it.",
    "points": "{asked} are needed; {available} are available.",
}
GERMAN = {
    "from": "{reward} gibt es erst ab {day}.",
    "until": "{reward} gab es bis {day}.",
    "tier": "{reward} ist für {tiers}; die Stufe ist {tier}.",
    "stock": "Von {reward} ist nichts mehr da.",
    "limit": "{reward} gibt es höchstens {times}-mal, und so oft wurde es schon genommen.",
    "limit.days": "{reward} gibt es in {days} Tagen höchstens {times}-mal, und so oft wurde es schon genommen.",
    "points": "Nötig: {asked}, verfügbar: {available}.",
}
HINDRANCES = {"en": ENGLISH, "de": GERMAN}

_WRITTEN: dict[str, Callable[[Speech, Any], str]] = {
    "day": lambda speech, day: speech.day(date.fromisoformat(day)),
    "tiers": lambda speech, tiers: speech.say("or").join(tiers),
    "asked": lambda speech, points: f"{points:,} points" if speech.language == "en" else speech.points(points),
    "available": lambda speech, points: f"{points:,}" if speech.language == "en" else speech.number(points),
}


def hindered(kind: type[Refusal], phrase: str, **values: Any) -> Refusal:
    """The refusal with its English sentence, that ``tell_hindrance`` says as members read it. ``day``: ISO text;
    ``tiers``: codes."""
    return kind(_say(speech_of("en", ""), phrase, values), phrase=phrase, **values)


def tell_hindrance(refusal: Refusal, *, language: str, currency: str) -> str:
    """The sentence of a refusal in a member's language, as far as it has one."""
    phrase = refusal.facts.get("phrase")
    if not isinstance(phrase, str):
        return refusal.detail
    return _say(speech_to_members(language, currency), phrase, refusal.facts)


def _say(speech: Speech, phrase: str, values: dict[str, Any]) -> str:
    said = {name: _WRITTEN[name](speech, value) if name in _WRITTEN else value for name, value in values.items()}
    return HINDRANCES[speech.language][phrase].format_map(said)
