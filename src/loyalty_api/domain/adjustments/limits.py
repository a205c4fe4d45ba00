"""Who may decide alone on how many points (pure)."""

from __future__ import annotations

from collections.abc import Collection

from loyalty_api.domain.programs.document import AdjustmentSettings


def limit_of(settings: AdjustmentSettings, scopes: Collection[str]) -> int | None:
    """The most points that a key with these scopes may adjust by itself: the widest of them counts. None: any."""
    limits = {"manage": settings.limits.manage, "admin": settings.limits.admin}
    mine = [limits[scope] for scope in limits if scope in scopes]
    return None if not mine or None in mine else max(points for points in mine if points is not None)


def is_within(settings: AdjustmentSettings, scopes: Collection[str], points: int) -> bool:
    """Whether a key with these scopes may adjust so many points, up or down, by itself."""
    limit = limit_of(settings, scopes)
    return limit is None or abs(points) <= limit
