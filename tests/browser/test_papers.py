"""The contracts in a real browser: read, tried, and nothing fetched from anywhere else."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.async_api import Page, expect
from tests.make.shop import Shop, bearer

from loyalty_api.cli.local import LocalApi


@pytest.fixture
async def asked(page: Page) -> set[str]:
    """Everything that the page asks for; what is written into its address is asked of nobody. Listening takes a running
    loop, and a test before this one that ran its own has left none for who is not async."""
    found: set[str] = set()
    page.on("request", lambda request: found.add(request.url))
    return found


def elsewhere(asked: set[str], api: LocalApi) -> set[str]:
    assert asked
    home = urlsplit(api.url).netloc
    return {url for url in asked if not url.startswith("data:") and urlsplit(url).netloc != home}


@pytest.fixture
async def explorer(page: Page, asked: set[str], coffee_bar: Shop, demo_api: LocalApi) -> Page:
    """The explorer, with a token of a member with points."""
    member = coffee_bar.enrol("card:4730")
    coffee_bar.buy(member, 700)
    token = coffee_bar.call("POST", f"/v1/members/{member['id']}/tokens").json()["refresh_token"]
    await page.goto(f"{demo_api.url}/explorer#token={token}")
    await expect(page.locator("#shown")).to_contain_text("Begin here")
    return page


async def test_the_contract_of_rest_is_read_and_tried(
    page_of_today: Page, coffee_bar: Shop, demo_api: LocalApi
) -> None:
    page, asked = page_of_today, set[str]()
    page.on("request", lambda request: asked.add(request.url))
    await page.goto(f"{demo_api.url}/docs")
    await page.locator("#operations-tag-purchases").click()
    await expect(page.locator("#operations-purchases-post__purchases")).to_contain_text("Record a purchase")
    await page.locator(".btn.authorize").click()
    await page.locator(".modal-ux input").fill(coffee_bar.key)
    await page.locator(".modal-ux .btn.authorize").click()
    await page.locator(".modal-ux .btn-done").click()
    operation = page.locator("#operations-purchases-get__purchases")
    await operation.locator(".opblock-control-arrow").click()
    await operation.get_by_role("button", name="Try it out").click()
    await operation.get_by_role("button", name="Execute").click()
    await expect(operation.locator(".live-responses-table .response-col_status").last).to_contain_text("200")
    assert elsewhere(asked, demo_api) == set()


async def test_a_query_runs_and_the_schema_is_browsed(explorer: Page, asked: set[str], demo_api: LocalApi) -> None:
    assert "token" not in explorer.url
    await explorer.get_by_label("Document").fill("{ viewer { points { available } } }")
    await explorer.keyboard.press("Control+Enter")
    await expect(explorer.locator("#answer")).to_contain_text('"available": 7')
    await expect(explorer.locator("#state")).to_contain_text("200 ·")
    await explorer.locator("#shown").get_by_role("button", name="Mutation").click()
    await (
        explorer.locator("#shown li", has_text="redeemReward").get_by_role("button", name="RedeemRewardResult").click()
    )
    await expect(explorer.locator("#shown")).to_contain_text("PointsInsufficient")
    await explorer.get_by_role("button", name="Back").click()
    await explorer.get_by_label("Find a type or field").fill("lifetime")
    await expect(explorer.locator("#shown")).to_contain_text("MemberPoints.lifetimeEarned: Points!")
    assert elsewhere(asked, demo_api) == set()


async def test_every_example_runs(explorer: Page) -> None:
    examples = explorer.locator("#examples")
    for index in range(await examples.locator("option").count()):
        await examples.select_option(index=index)
        await explorer.locator("#run").click()
        await expect(explorer.locator("#answer")).to_contain_text('"data"')
        await expect(explorer.locator("#answer")).not_to_contain_text('"errors"')
        if await explorer.locator("#run.running").count():
            await explorer.locator("#run").click()
        await explorer.evaluate("document.getElementById('answer').replaceChildren()")


async def test_a_subscription_tells_until_it_is_stopped(explorer: Page, coffee_bar: Shop) -> None:
    await explorer.get_by_label("Document").fill("subscription { pointsChanged { available } }")
    await explorer.locator("#run").click()
    await expect(explorer.locator("#answer")).to_contain_text('"available": 7')
    found = coffee_bar.call("POST", "/v1/members/search", {"identifier": "card:4730"}).json()["items"][0]
    coffee_bar.buy(found | {"card": "card:4730"}, 300)
    await expect(explorer.locator("#answer")).to_contain_text('"available": 10')
    await explorer.get_by_role("button", name="Stop").click()
    await expect(explorer.locator("#run")).to_contain_text("Run")


async def test_what_is_wrong_is_said_where_it_is(explorer: Page) -> None:
    await explorer.get_by_label("Variables").fill("{ nothing")
    await explorer.locator("#run").click()
    await expect(explorer.locator("#state")).to_contain_text("The variables are not JSON")
    await explorer.get_by_label("Variables").fill("")
    await explorer.get_by_label("Document").fill("{ viewer { password } }")
    await explorer.locator("#run").click()
    await expect(explorer.locator("#answer")).to_contain_text("Cannot query field 'password'")
    await explorer.get_by_label("Member token").fill("x.y.z")
    await explorer.locator("#run").click()
    await expect(explorer.locator("#state.wrong")).to_contain_text("401")


async def test_where_introspection_is_switched_off_the_explorer_says_so_and_queries_run(
    page: Page,
    coffee_bar: Shop,
    start_api: Callable[..., LocalApi],
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LOYALTY_INTROSPECTION", "false")
    quiet = start_api(database_url)
    member = coffee_bar.enrol()
    async with httpx.AsyncClient(base_url=quiet.url, headers=bearer(coffee_bar.key)) as shop:
        signed_in = await shop.post(f"/v1/members/{member['id']}/tokens")
    await page.goto(f"{quiet.url}/explorer")
    await expect(page.locator("#shown")).to_contain_text("With a member token")
    await page.get_by_label("Member token").fill(signed_in.json()["access_token"])
    await page.keyboard.press("Tab")
    await expect(page.locator("#shown")).to_contain_text("Introspection is switched off here")
    await page.locator("#run").click()
    await expect(page.locator("#answer")).to_contain_text(member["number"])
    quiet.stop()
