"""How the ledger says no."""

from __future__ import annotations

from loyalty_api.kernel.refusals import Kind, Refusal


class InsufficientPoints(Refusal):
    """The member has not so many points available. ``available`` and ``asked`` are among the facts."""

    kind = Kind.CONFLICT
    code = "points.insufficient"
    title = "Not enough points"
