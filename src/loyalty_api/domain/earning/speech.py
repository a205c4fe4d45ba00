"""Says a phrase of the catalogue in a language, with numbers, money and dates as that language writes them (pure).

English writes them as tills are told them: 1390.50, 2026-11-21, sat; to members as people do: 1,390.50, 21 Nov 2026.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache

from babel.dates import format_date, get_day_names
from babel.numbers import get_decimal_symbol, get_group_symbol

from loyalty_api.domain.earning.phrases import PHRASES
from loyalty_api.kernel.money import minor_digits

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NAMES_MAX = 5  # that are written out
_LOCALES = {"en": "en_GB"}  # 21 Nov 2026 is read everywhere

Exact = int | Fraction | Decimal


class Speech:
    """One language and one currency. ``plain``: as tills are told, whatever the language does."""

    def __init__(self, language: str, currency: str, *, plain: bool) -> None:
        self.language = language
        self.currency = currency
        self._phrases = PHRASES[language]
        self._plain = plain
        self._locale = _LOCALES.get(language, language)
        self._point = "." if plain else get_decimal_symbol(self._locale)
        self._group = "" if plain else get_group_symbol(self._locale)

    def say(self, phrase: str, **values: str) -> str:
        """The phrase with its placeholders filled."""
        return self._phrases[phrase].format_map(values)

    def number(self, exact: Exact) -> str:
        """An exact number with all its digits; one without end does not come of documents' decimals."""
        fraction = Fraction(exact)
        digits, scale = 0, 1
        while scale % fraction.denominator:
            digits, scale = digits + 1, scale * 10
        return self._written(fraction.numerator * scale // fraction.denominator, digits)

    def money(self, amount_minor: int) -> str:
        """Minor units with the digits of the currency."""
        return self._written(amount_minor, minor_digits(self.currency))

    def points(self, exact: Exact) -> str:
        """``1 point``, ``2.5 points``."""
        return self.say("point") if exact == 1 else self.say("points", number=self.number(exact))

    def day(self, day: date) -> str:
        """A date."""
        return day.isoformat() if self._plain else format_date(day, "medium", locale=self._locale)

    def clock(self, minute: int) -> str:
        """A minute of the day; its end is 24:00."""
        return f"{minute // 60:02}:{minute % 60:02}"

    def weekdays(self, days: Iterable[int]) -> str:
        """Days of the week; 0 is Monday."""
        names = WEEKDAYS if self._plain else get_day_names("abbreviated", "stand-alone", self._locale)
        return ", ".join(names[day] for day in sorted(days))

    def names(self, names: Sequence[str]) -> str:
        """The first few, and how many more."""
        written = ", ".join(names[:NAMES_MAX])
        more = len(names) - NAMES_MAX
        return self.say("more", names=written, more=self.number(more)) if more > 0 else written

    def any_of(self, names: Iterable[str]) -> str:
        """One of them, in order."""
        return self.say("or").join(sorted(names))

    def _written(self, whole: int, digits: int) -> str:
        sign = "-" if whole < 0 else ""
        above, below = divmod(abs(whole), 10**digits)
        written = f"{above:,}".replace(",", self._group)
        return f"{sign}{written}{self._point}{below:0{digits}d}" if digits else f"{sign}{written}"


@cache
def speech_of(language: str, currency: str) -> Speech:
    """The speech of a language, made once per currency."""
    return Speech(language, currency, plain=language == "en")


@cache
def speech_to_members(language: str, currency: str) -> Speech:
    """The same as members read it."""
    return Speech(language, currency, plain=False)
