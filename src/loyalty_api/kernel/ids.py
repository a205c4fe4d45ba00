"""Identifiers made by the application: UUIDv7, whose leading bits grow with time, so that indexes stay dense."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from asyncpg.pgproto.pgproto import UUID as DriverUUID
from uuid_utils import uuid7

from loyalty_api.kernel.clock import EPOCH, microseconds


def new_id() -> UUID:
    """A fresh UUIDv7, made as the driver's kind of UUID: a fifth of the cost of the standard library's."""
    return DriverUUID(uuid7().bytes)


def first_id_of(instant: datetime) -> UUID:
    """The bound between ids made before ``instant`` and those made at it or later, to the millisecond."""
    return UUID(int=max(microseconds(instant) // 1000, 0) << 80)


def instant_of(made: UUID) -> datetime:
    """When an id was made, to the millisecond."""
    return EPOCH + timedelta(milliseconds=made.int >> 80)


def parse_id(text: str) -> UUID | None:
    """The UUID that ``text`` writes, or None when it writes none."""
    try:
        return UUID(text)
    except ValueError:
        return None
