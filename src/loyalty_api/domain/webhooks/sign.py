"""Signing what is sent, as Standard Webhooks 1.0 says (pure): HMAC-SHA256 over ``{id}.{timestamp}.{body}``."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence

SECRET_BYTES = 32
PREFIX = "whsec_"


def write_secret(secret: bytes) -> str:
    """A secret as receivers are told it."""
    return PREFIX + base64.b64encode(secret).decode("ascii")


def signed_headers(event_id: str, timestamp: int, body: bytes, secrets: Sequence[bytes]) -> dict[str, str]:
    """The three headers; one signature for each secret. ``timestamp``: seconds since 1970, of this attempt."""
    content = b"%b.%d.%b" % (event_id.encode("ascii"), timestamp, body)
    signatures = [base64.b64encode(hmac.digest(secret, content, "sha256")).decode("ascii") for secret in secrets]
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{each}" for each in signatures),
    }
