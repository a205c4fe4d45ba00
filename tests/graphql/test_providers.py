"""Tokens of an operator's identity provider: its published keys, their rotation, and what a forger may try."""

from __future__ import annotations

import base64
import hmac
import json
import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from loyalty_api.cli.local import LocalApi
from loyalty_api.domain.access.refusals import TokenRefused
from loyalty_api.graphql import providers
from loyalty_api.graphql.providers import Providers
from loyalty_api.settings import IdentityProvider
from tests.make.phone import Phone
from tests.make.shop import Shop

PRESENT = datetime(2026, 3, 2, 12, tzinfo=UTC)
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())


class Published:
    """A provider's key page; ``asked``: how often it was read."""

    def __init__(self) -> None:
        self.keys: list[dict[str, Any]] = []
        self.asked = 0

    def publish(self, key: Any, kid: str) -> None:
        """Adds the public half of a key."""
        kinds = {"RS256": jwt.algorithms.RSAAlgorithm, "ES256": jwt.algorithms.ECAlgorithm}
        name = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
        written = json.loads(kinds[name].to_jwk(key.public_key()))
        self.keys.append(written | {"kid": kid, "alg": name, "use": "sig"})


@pytest.fixture
def page() -> Iterator[tuple[Published, str]]:
    """A served key page and its address."""
    published = Published()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            published.asked += 1
            body = json.dumps({"keys": published.keys}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield published, f"http://127.0.0.1:{server.server_port}/keys"
    server.shutdown()
    server.server_close()


def sign(key: Any = RSA, kid: str = "one", algorithm: str = "RS256", **changes: Any) -> str:
    """A token; good unless changed."""
    claims = {"iss": "https://id.example", "aud": "phones", "sub": "ada", "exp": PRESENT + timedelta(minutes=5)}
    return jwt.encode(claims | changes, key, algorithm=algorithm, headers={"kid": kid})


def signed_with_public_key(public: bytes) -> str:
    """HS256 with the public key as its secret, which the library itself would not write."""
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"one","typ":"JWT"}').rstrip(b"=")
    text = head + b"." + sign().split(".")[1].encode()
    signature = base64.urlsafe_b64encode(hmac.digest(public, text, "sha256")).rstrip(b"=")
    return (text + b"." + signature).decode()


@pytest.fixture
def club(
    page: tuple[Published, str], start_api: Callable[..., LocalApi], database_url: str, operator_key: str
) -> Iterator[Shop]:
    """A shop whose program the provider signs members in to, at an API process of its own."""
    code = f"club-{uuid.uuid4().hex[:8]}"
    provider = {"program": code, "issuer": "https://id.example", "audience": "phones", "jwks_url": page[1]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOYALTY_IDENTITY_PROVIDERS", json.dumps([provider]))
        api = start_api(database_url)
    with httpx.Client(base_url=api.url, timeout=30) as http:
        yield Shop.open(http, operator_key, {"program": code})
    api.stop()


def make_providers(url: str) -> Providers:
    """One provider that serves its keys at ``url``."""
    return Providers([IdentityProvider(program="club", issuer="https://id.example", audience="phones", jwks_url=url)])


async def test_rs256_and_es256_tokens_name_their_member_and_keys_are_fetched_once(page: tuple[Published, str]) -> None:
    published, url = page
    published.publish(RSA, "one")
    published.publish(EC, "two")
    found = make_providers(url)
    for token in (sign(), sign(EC, "two", "ES256"), sign(aud=["others", "phones"])):
        provider, external_id, ends_at = await found.read(token, PRESENT)
        assert (provider.program, external_id) == ("club", "ada")
        assert PRESENT < ends_at < PRESENT + timedelta(days=1)
    assert published.asked == 1


async def test_a_rotated_key_is_fetched_and_made_up_key_ids_flood_nobody(
    page: tuple[Published, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    published, url = page
    published.publish(RSA, "one")
    found = make_providers(url)
    await found.read(sign(), PRESENT)
    published.publish(EC, "new")
    monkeypatch.setattr(providers, "AGAIN_SECONDS", 0.0)
    assert (await found.read(sign(EC, "new", "ES256"), PRESENT))[1] == "ada"
    monkeypatch.setattr(providers, "AGAIN_SECONDS", 60.0)
    for number in range(20):
        with pytest.raises(TokenRefused):
            await found.read(sign(kid=f"made-up-{number}"), PRESENT)
    assert published.asked == 2


async def test_forged_foreign_and_untimely_tokens_are_refused(page: tuple[Published, str]) -> None:
    published, url = page
    published.publish(RSA, "one")
    public = RSA.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    late = timedelta(seconds=31)
    bad = [
        signed_with_public_key(public),
        sign(None, algorithm="none"),
        sign(other),
        sign(EC, algorithm="ES256"),
        sign(algorithm="RS512"),
        sign(aud="others"),
        sign(iss="https://evil.example"),
        sign(exp=PRESENT - late),
        sign(nbf=PRESENT + late),
        sign(iat=PRESENT + late),
        sign(sub=""),
        sign(sub=None),
        sign(sub="a\0da"),
        sign(sub="\ud800"),
        sign(sub=["ada"]),
        sign(exp=float("nan")),
        sign(nbf=float("nan")),
        sign(exp=None),
    ]
    found = make_providers(url)
    for token in bad:
        with pytest.raises(TokenRefused):
            await found.read(token, PRESENT)
    within = timedelta(seconds=29)
    assert await found.read(sign(exp=PRESENT - within), PRESENT)
    assert await found.read(sign(nbf=PRESENT + within), PRESENT)
    assert await found.read(sign(exp=10**400), PRESENT), "for ever"


def test_over_http_a_providers_token_is_the_member_with_that_external_id_and_nobody_else(
    page: tuple[Published, str], club: Shop
) -> None:
    page[0].publish(RSA, "one")
    ada, _ = club.enrol("external_id:ada", "card:1"), club.enrol("external_id:bob")
    soon = datetime.now(UTC) + timedelta(minutes=5)
    query = "{ viewer { number points { available } } }"
    told = Phone(club.http, sign(exp=soon)).send(query)
    assert told.json()["data"] == {"viewer": {"number": ada["number"], "points": {"available": 0}}}
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for token in (sign(exp=soon, sub="eve"), sign(stranger, exp=soon), sign(exp=soon, iss="https://evil.example")):
        assert Phone(club.http, token).send(query).status_code == 401
