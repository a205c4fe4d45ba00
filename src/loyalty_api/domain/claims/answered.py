"""The outcome of a write under a reference: the bytes that the caller is told."""

from __future__ import annotations

from typing import NamedTuple


class Answered(NamedTuple):
    """The body for the caller, and whether it is the first answer told again."""

    body: bytes
    replayed: bool
