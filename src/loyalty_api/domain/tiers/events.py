"""What events tell of a tier that moved."""

from __future__ import annotations

import msgspec


class TierMoved(msgspec.Struct, frozen=True):
    """The move of a tier that a fact caused."""

    from_tier: str
    to_tier: str
    value: int
