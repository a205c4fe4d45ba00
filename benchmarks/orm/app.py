"""The web application: Litestar, one handler, an engine with a pool."""

from __future__ import annotations

import gc
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from litestar import Litestar, MediaType, Request, Response, get, post
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from benchmarks.orm.record import Refused, record_purchase
from loyalty_api.domain.purchases.command import Purchase
from loyalty_api.kernel.clock import now

POOL_SIZE = int(os.environ.get("BENCH_POOL", "32"))
ATTEMPTS_MAX = 3


@post("/v1/purchases")
async def record(request: Request, data: Purchase) -> Response[bytes]:
    """201 with a fresh answer, or 200 with the first one."""
    key = request.headers.get("authorization", "").removeprefix("Bearer ")
    received_at = now()
    sessions: async_sessionmaker[AsyncSession] = request.app.state.sessions
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            async with sessions.begin() as session:
                status, answer = await record_purchase(session, data, key=key, received_at=received_at)
            break
        except IntegrityError:  # another request was first with the reference: read what it left
            if attempt == ATTEMPTS_MAX:
                raise
    return Response(answer, status_code=status, media_type=MediaType.JSON)


@get("/health/ready")
async def ready() -> dict[str, str]:
    """Serves."""
    return {"status": "ready"}


def _refuse(_request: Request, refused: Refused) -> Response[dict[str, str]]:
    return Response({"detail": refused.detail}, status_code=refused.status)


@asynccontextmanager
async def _database(app: Litestar) -> AsyncGenerator[None]:
    # JSON comes from msgspec as bytes: nothing is encoded twice.
    engine = create_async_engine(
        os.environ["LOYALTY_DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://", 1),
        pool_size=POOL_SIZE,
        max_overflow=0,
        json_serializer=bytes.decode,
        json_deserializer=str.encode,
        connect_args={"server_settings": {"jit": "off", "timezone": "UTC"}},
    )
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)  # as the product does
    app.state.sessions = async_sessionmaker(engine, expire_on_commit=False, autoflush=False)
    try:
        yield
    finally:
        await engine.dispose()


def create() -> Litestar:
    """The application as a server starts it."""
    return Litestar([record, ready], lifespan=[_database], exception_handlers={Refused: _refuse}, openapi_config=None)
