"""Everything that the environment may set, read once at the start. No other file reads the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

SECRET_LENGTH_MIN = 32
_METRICS_DIR = "LOYALTY_METRICS_DIR"
_POSTGRES = re.compile(r"^(postgresql(\+asyncpg)?|postgres)://\S*$")
_REDIS = re.compile(r"^(rediss?|unix)://\S+$")


class MissingSetting(Exception):
    """A setting is missing or wrong; the message names it and says the way out."""


class IdentityProvider(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who signs the members of a program in: an OpenID provider, whose tokens are read by its published keys.

    ``program``: the program's code. ``jwks_url``: where the keys are (https, or this machine). ``claim``: what in a
    token is the member's external id.
    """

    program: Annotated[str, Meta(min_length=1)]
    issuer: Annotated[str, Meta(min_length=1)]
    audience: Annotated[str, Meta(min_length=1)]
    jwks_url: Annotated[str, Meta(pattern=r"^(https://|http://(127\.0\.0\.1|localhost)[:/])\S+$")]
    claim: Annotated[str, Meta(min_length=1)] = "sub"
    leeway_seconds: Annotated[int, Meta(ge=0, le=300)] = 30


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The frozen configuration of one process.

    ``database_url``: PostgreSQL 15 or newer. ``pool_size``: connections for reads and ordinary writes.
    ``writers``: purchase transactions in flight. ``queue_max``: purchases that may wait before tills are told 503
    (fewer while they are). ``body_bytes_max``: largest request body. ``token_secrets``: the first signs member tokens,
    all of them read some. ``introspection``: whether phones may ask for the GraphQL schema. ``redis_url``: a Redis or
    Valkey, by which several processes wake each other's phones; one process needs none. ``webhooks_local``: webhooks
    may lead to private addresses over plain http, which a test or a demo asks for and nobody else. ``events_days``:
    after how many days events are forgotten that every subscriber has read; 0, unless it is set: never.
    ``stream_length``: about how many of a program's newest events stand in a stream of Redis or Valkey; 0, unless it is
    set: none.
    """

    database_url: str
    pool_size: int = 8
    writers: int = 1
    queue_max: int = 256
    body_bytes_max: int = 8 * 1024 * 1024
    token_secrets: tuple[str, ...] = ()
    identity_providers: tuple[IdentityProvider, ...] = ()
    introspection: bool = True
    redis_url: str = ""
    webhooks_local: bool = False
    events_days: int = 0
    stream_length: int = 0
    log_level: str = "INFO"


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings from ``LOYALTY_*`` variables. Raises MissingSetting with the variable's name."""
    values: dict[str, object] = {}
    for field in msgspec.structs.fields(Settings):
        variable = f"LOYALTY_{field.name.upper()}"
        text = environment.get(variable, "").strip()
        if text:
            values[field.name] = _read(variable, text, field.type)
    if "database_url" not in values:
        raise MissingSetting(
            "LOYALTY_DATABASE_URL is not set: give the address of a PostgreSQL 15 or newer, for example "
            "postgresql://loyalty:secret@127.0.0.1:5432/loyalty, or try `loyalty demo`, which needs none."
        )
    return msgspec.convert(values, Settings)


def traces_asked(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether OpenTelemetry's own variables say where traces go."""
    if environment.get("OTEL_SDK_DISABLED") == "true" or environment.get("OTEL_TRACES_EXPORTER") == "none":
        return False
    named = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_TRACES_EXPORTER")
    return any(environment.get(name) for name in named)


def metrics_dir() -> str:
    """Where the processes of one server share what they count; empty: there is one process."""
    return os.environ.get(_METRICS_DIR, "")


def share_metrics_dir(directory: str) -> None:
    """Sets it for the processes that this one starts."""
    os.environ[_METRICS_DIR] = directory


def _read(variable: str, text: str, kind: Any) -> object:
    if kind is bool:
        if text not in ("true", "false"):
            raise MissingSetting(f"{variable} must be true or false, not {text!r}.")
        return text == "true"
    if kind == tuple[str, ...]:
        secrets = tuple(each.strip() for each in text.split(","))
        if min(map(len, secrets)) < SECRET_LENGTH_MIN:
            raise MissingSetting(
                f"{variable} must be secrets of at least {SECRET_LENGTH_MIN} characters, with commas between them, "
                "such as `openssl rand -base64 48` makes."
            )
        return secrets
    if kind == tuple[IdentityProvider, ...]:
        try:
            return msgspec.json.decode(text, type=kind)
        except msgspec.MsgspecError as error:
            raise MissingSetting(f"{variable} must be a JSON list of providers: {error}.") from None
    if kind is str:
        if variable == "LOYALTY_DATABASE_URL" and not _POSTGRES.match(text):
            raise MissingSetting(
                f"{variable} must be the address of a PostgreSQL, such as postgresql://loyalty:secret@127.0.0.1/loyalty."
            )
        if variable == "LOYALTY_REDIS_URL" and not _REDIS.match(text):
            raise MissingSetting(
                f"{variable} must be the address of a Redis or Valkey, such as redis://127.0.0.1:6379."
            )
        if variable == "LOYALTY_LOG_LEVEL" and text.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
            raise MissingSetting(f"{variable} must be DEBUG, INFO, WARNING or ERROR, not {text!r}.")
        return text.upper() if variable == "LOYALTY_LOG_LEVEL" else text
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 10**9):
        raise MissingSetting(f"{variable} must be a whole number above 0, not {text!r}.")
    return int(text)
