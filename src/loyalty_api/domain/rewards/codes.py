"""Coupon codes: how they are made, so that nobody guesses or misreads one, and how they are compared."""

from __future__ import annotations

import re
import secrets

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # without 0 and O, 1 and I
GROUPS, GROUP_LETTERS = 3, 4  # 60 bits
PLACES = 2**31

_IGNORED = re.compile(r"[\s-]")


def make_code() -> str:
    """A fresh code: ``K7QM-2XWA-9HTR``."""
    letters = [secrets.choice(ALPHABET) for _ in range(GROUPS * GROUP_LETTERS)]
    return "-".join("".join(letters[start : start + GROUP_LETTERS]) for start in range(0, len(letters), GROUP_LETTERS))


def plain_code(written: str) -> str:
    """The code as it is compared: whatever the case, the blanks and the hyphens of its writing."""
    return _IGNORED.sub("", written).upper()


def make_place() -> int:
    """A random place in a pool."""
    return secrets.randbelow(PLACES)
