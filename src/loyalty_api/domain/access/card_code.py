"""The code on a member's phone that stands for their card: signed, for one program, and good for a minute (pure).

A photograph of it is soon worth nothing. It is short enough for a small QR code: whose it is, when it was made, and
an HMAC (RFC 2104) over both and the program, cut to 128 bits.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from loyalty_api.kernel.clock import EPOCH

KIND = "code"  # as tills present it: code:…
GOOD_SECONDS = 60  # then the phone shows the next one
GRACE_SECONDS = 60  # for which the one before is still taken
LATE_SECONDS = 60  # a receipt that is older when it arrives was kept back, or its till's clock is behind
LATE_DAYS_MAX = 7  # for which a till that was offline may keep a receipt
_WRITTEN = re.compile(r"[A-Za-z0-9_-]{48}")
_MEMBER_BYTES, _TIME_BYTES, _SIGNATURE_BYTES = 16, 4, 16


class CardCode(NamedTuple):
    """What a code says, once its signature was found good."""

    member_id: UUID
    made_at: datetime

    def good(self, *, now: datetime, shown_at: datetime | None, clocks_apart: timedelta) -> bool:
        """Whether it may stand for the member at ``now``, the program's present, on a receipt of ``shown_at`` by a
        clock that may be ``clocks_apart`` from ours (None: nothing says when).

        Whatever arrives at once is judged by our clock alone: a picture is worth nothing after two minutes. Only a
        receipt that comes late is judged by its own time. It may stand for several receipts: who pays two baskets
        within a minute shows it twice.
        """
        end = self.made_at + timedelta(seconds=GOOD_SECONDS + GRACE_SECONDS)
        if shown_at is None or now - shown_at < timedelta(seconds=LATE_SECONDS):
            return now < end
        in_time = self.made_at - clocks_apart <= shown_at < end + clocks_apart
        return in_time and now < end + timedelta(days=LATE_DAYS_MAX)


def code_keys(secrets: Sequence[bytes]) -> tuple[bytes, ...]:
    """The keys of codes, which sign nothing else; the first signs, all of them read."""
    return tuple(hmac.digest(secret, b"card code", hashlib.sha256) for secret in secrets)


def make_code(keys: Sequence[bytes], *, program_id: UUID, member_id: UUID, now: datetime) -> str:
    """A code that is made at ``now``, the program's present. There must be a key."""
    seconds = int((now - EPOCH).total_seconds())
    said = member_id.bytes + seconds.to_bytes(_TIME_BYTES, "big")
    return base64.urlsafe_b64encode(said + _sign(keys[0], program_id, said)).decode()


def code_ends(now: datetime) -> datetime:
    """When the phone is to show the next code, after one that was made at ``now``."""
    return now.replace(microsecond=0) + timedelta(seconds=GOOD_SECONDS)


def read_code(keys: Sequence[bytes], text: str, *, program_id: UUID) -> CardCode | None:
    """What a code of this program says; None: it was not signed here, or not for this program."""
    if not _WRITTEN.fullmatch(text):
        return None
    raw = base64.urlsafe_b64decode(text)
    said, signature = raw[:-_SIGNATURE_BYTES], raw[-_SIGNATURE_BYTES:]
    if not any(hmac.compare_digest(_sign(key, program_id, said), signature) for key in keys):
        return None
    made_at = EPOCH + timedelta(seconds=int.from_bytes(said[_MEMBER_BYTES:], "big"))
    return CardCode(UUID(bytes=said[:_MEMBER_BYTES]), made_at)


def _sign(key: bytes, program_id: UUID, said: bytes) -> bytes:
    return hmac.digest(key, program_id.bytes + said, hashlib.sha256)[:_SIGNATURE_BYTES]
