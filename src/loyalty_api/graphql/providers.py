"""Identity providers of operators: their published keys, fetched when they are needed and remembered.

A key that is not known is asked for at once, so that a provider may rotate its keys whenever it likes; but not more
often than every few seconds, so that tokens with made-up key ids cannot make us flood it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from math import inf
from typing import Any

import aiohttp
import jwt

from loyalty_api.domain.access.refusals import TokenRefused
from loyalty_api.domain.access.signer import key_id_of
from loyalty_api.kernel.clock import EPOCH, monotonic
from loyalty_api.kernel.logging import logger
from loyalty_api.kernel.refusals import Busy
from loyalty_api.settings import IdentityProvider

ALGORITHMS = ("RS256", "ES256")  # what providers sign with; a public key never checks anything else
KEPT_SECONDS = 3600.0  # how long keys are believed
AGAIN_SECONDS = 10.0  # between two fetches for keys that are not known
FETCH_SECONDS_MAX = 5.0
KEYS_BYTES_MAX = 256 * 1024
SECONDS_MAX = 200_000_000_000  # as far as dates go; a token that says more runs out then

_BY_OUR_CLOCK: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}

log = logger(__name__)


class Providers:
    """One per process."""

    def __init__(self, providers: Sequence[IdentityProvider]) -> None:
        self._by_issuer = {(each.issuer, each.audience): _Keys(each) for each in providers}

    async def read(self, token: str, now: datetime) -> tuple[IdentityProvider, str, datetime]:
        """The provider that signed the token, the external id of the member in it, and when it runs out. ``now``: the
        real present.

        Refuses: TokenRefused, Busy (the provider's keys cannot be fetched).
        """
        try:
            claimed = jwt.decode(token, options={"verify_signature": False})
        except (jwt.PyJWTError, RecursionError):
            raise TokenRefused("This is no token.") from None
        said = claimed.get("aud")
        audiences = said if isinstance(said, list) else [said]
        keys = next(
            (
                each
                for (issuer, audience), each in self._by_issuer.items()
                if issuer == claimed.get("iss") and audience in audiences
            ),
            None,
        )
        if keys is None:
            raise TokenRefused("This token is of nobody who signs members in here.")
        external_id, ends = await keys.check(token, now)
        return keys.provider, external_id, EPOCH + timedelta(seconds=ends)


class _Keys:
    def __init__(self, provider: IdentityProvider) -> None:
        self.provider = provider
        self._known: dict[str, jwt.PyJWK] = {}
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._lock = asyncio.Lock()

    async def check(self, token: str, now: datetime) -> tuple[str, float]:
        """The external id in a token that the provider signed, and the second at which it runs out.

        Refuses: TokenRefused, Busy.
        """
        key = await self._find(key_id_of(token) or "")
        provider = self.provider
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                audience=provider.audience,
                issuer=provider.issuer,
                options={
                    "require": ["exp", "iss", "aud"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except (jwt.PyJWTError, TypeError, ValueError):
            raise TokenRefused("This token is not good.") from None
        self._check_times(claims, (now - EPOCH).total_seconds())
        external_id = claims.get(provider.claim)
        if not isinstance(external_id, str) or not external_id.isprintable() or not external_id:
            raise TokenRefused(f"This token does not say {provider.claim}.")
        return external_id, min(claims["exp"] + provider.leeway_seconds, SECONDS_MAX)

    def _check_times(self, claims: dict[str, Any], now: float) -> None:
        leeway = self.provider.leeway_seconds
        for name in ("exp", "nbf", "iat"):
            said = claims.get(name, 0)
            if isinstance(said, bool) or not isinstance(said, int | float) or not said <= inf:
                raise TokenRefused("This token is not good.")
        if now >= claims["exp"] + leeway:
            raise TokenRefused("This token has run out.")
        if now < max(claims.get("nbf", 0), claims.get("iat", 0)) - leeway:
            raise TokenRefused("This token is not good yet.")

    async def _find(self, key_id: str) -> jwt.PyJWK:
        if not self._fresh() or key_id not in self._known:
            async with self._lock:
                await self._refresh(key_id)
        found = self._known.get(key_id)
        if found is None:
            raise TokenRefused("This token was signed with a key that its provider does not publish.")
        return found

    def _fresh(self) -> bool:
        return self._fetched_at is not None and monotonic() - self._fetched_at < KEPT_SECONDS

    async def _refresh(self, key_id: str) -> None:
        if self._fresh() and key_id in self._known:  # whoever held the lock has fetched it
            return
        if self._tried_at is not None and monotonic() - self._tried_at < AGAIN_SECONDS:
            return
        self._tried_at = monotonic()
        try:
            self._known = await _fetch(self.provider.jwks_url)
            self._fetched_at = monotonic()
        except (OSError, TimeoutError, ValueError, aiohttp.ClientError, jwt.PyJWTError) as error:
            log.warning("keys_not_fetched", url=self.provider.jwks_url, error=str(error))
            if not self._known:
                self._tried_at = None
                raise Busy("The identity provider's keys cannot be read at the moment; try again.") from error


async def _fetch(url: str) -> dict[str, jwt.PyJWK]:
    timeout = aiohttp.ClientTimeout(total=FETCH_SECONDS_MAX)
    async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url, allow_redirects=False) as answer:
        if answer.status != 200:
            raise ValueError(f"status {answer.status}")
        body = await answer.content.read(KEYS_BYTES_MAX + 1)
    if len(body) > KEYS_BYTES_MAX:
        raise ValueError("too long")
    keys = jwt.PyJWKSet.from_json(body.decode()).keys
    return {key.key_id: key for key in keys if key.key_id and key.algorithm_name in ALGORITHMS}
