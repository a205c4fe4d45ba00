"""The hash chain: each transfer of a member seals itself and the one before it."""

from __future__ import annotations

import hashlib
import struct
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from loyalty_api.kernel.clock import microseconds

NO_HASH = bytes(32)  # before a member's first transfer

_NUMBERS = struct.Struct(">qhhqqq")


class Sealed(NamedTuple):
    """What a seal covers: ids, accounts, points and times; reasons in words stay outside."""

    member_id: UUID
    seq: int
    program_id: UUID
    kind: str
    from_account: int
    to_account: int
    points: int
    cause_kind: str
    cause_id: UUID
    occurred_at: datetime
    recorded_at: datetime


def seal(previous: bytes, transfer: Sealed) -> bytes:
    """SHA-256 over the previous seal and the transfer, fixed-width numbers and length-free words last."""
    numbers = _NUMBERS.pack(
        transfer.seq,
        transfer.from_account,
        transfer.to_account,
        transfer.points,
        microseconds(transfer.occurred_at),
        microseconds(transfer.recorded_at),
    )
    ids = transfer.member_id.bytes + transfer.program_id.bytes + transfer.cause_id.bytes
    words = f"{transfer.kind}\n{transfer.cause_kind}".encode()
    return hashlib.sha256(previous + ids + numbers + words).digest()
