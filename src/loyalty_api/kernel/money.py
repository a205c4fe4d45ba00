"""Money is an integer of minor units beside a currency code (ISO 4217); this file only writes it for people."""

from __future__ import annotations

from functools import cache

from babel.core import get_global
from babel.numbers import get_currency_precision


@cache
def is_currency(code: str) -> bool:
    """Whether ``code`` is a currency of ISO 4217."""
    return code in get_global("all_currencies")


@cache
def minor_digits(currency: str) -> int:
    """Digits after the point: 2 for EUR, 0 for JPY, 3 for KWD."""
    return get_currency_precision(currency)


def format_minor(amount_minor: int, currency: str) -> str:
    """1390, EUR -> ``13.90``; 1390, JPY -> ``1390``."""
    digits = minor_digits(currency)
    sign = "-" if amount_minor < 0 else ""
    if not digits:
        return f"{sign}{abs(amount_minor)}"
    whole, rest = divmod(abs(amount_minor), 10**digits)
    return f"{sign}{whole}.{rest:0{digits}d}"
