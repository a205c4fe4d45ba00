"""A real browser in front of an API that serves the demo's pages. Without a Chromium these tests are skipped."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect
from tests.make.apis import starting
from tests.make.shop import PRESENT, Shop

from loyalty_api.cli.local import LocalApi

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
expect.set_options(timeout=15_000)  # machines are slow and shared


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for all."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: install Debian's `chromium` to run the browser tests")
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        await opened.close()


@asynccontextmanager
async def watched(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A window of its own; nothing that is opened in it may say anything wrong."""
    wrong: list[str] = []
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    context.on("weberror", lambda error: wrong.append(str(error.error)))
    context.on(
        "console", lambda message: wrong.append(message.text) if "Content Security Policy" in message.text else None
    )
    yield context
    await context.close()
    assert not wrong


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A page whose clock stands at the shop's present."""
    async with watched(browser) as context:
        await context.clock.set_fixed_time(PRESENT)
        yield await context.new_page()


@pytest.fixture
async def page_of_today(browser: Browser) -> AsyncIterator[Page]:
    """A page whose clock runs."""
    async with watched(browser) as context:
        yield await context.new_page()


@pytest.fixture(scope="session")
def demo_api(tmp_path_factory: pytest.TempPathFactory, database_url: str) -> Iterator[LocalApi]:
    """The worker's database behind an API with the demo's pages."""
    with starting(tmp_path_factory) as start:
        yield start(database_url, demo_pages=True)


@pytest.fixture
def coffee_bar(demo_api: LocalApi, operator_key: str) -> Iterator[Shop]:
    """A shop with rewards, reached through the API with the demo's pages."""
    rewards = [
        {"code": "two-off", "points": 15, "money_off": {"amount_minor": 200}},
        {"code": "mug", "points": 5_000, "custom": {"note": "a mug"}},
    ]
    with httpx.Client(base_url=demo_api.url, timeout=30) as http:
        yield Shop.open(http, operator_key, {"name": "Coffee Bar", "points": {"name": "beans"}, "rewards": rewards})
