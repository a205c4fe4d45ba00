"""Stories at the demo's till, in a real browser, told by what is seen and proved by the ledger."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect
from tests.make.shop import Shop

from loyalty_api.cli.local import LocalApi


async def tap(page: Page, *names: str) -> None:
    for name in names:
        await page.locator("#menu button", has_text=name).first.click()


@pytest.fixture
async def till(page: Page, coffee_bar: Shop, demo_api: LocalApi) -> Page:
    await page.goto(f"{demo_api.url}/demo/till#key={coffee_bar.key}")
    await expect(page.locator("#menu button")).to_have_count(11)
    return page


async def find(page: Page, card: str) -> None:
    await page.fill("#card", card)
    await page.get_by_role("button", name="Find").click()


async def test_a_guest_buys_redeems_and_returns(till: Page, coffee_bar: Shop) -> None:
    member = coffee_bar.enrol("card:4711", profile={"given_name": "Ada"})
    await find(till, "4711")
    await expect(till.locator(".who")).to_contain_text("Ada")
    await tap(till, "Gift card")
    await till.get_by_role("button", name="One Gift card less").click()
    await tap(till, "Sandwich", "Sandwich", "Beans, 250 g")
    await expect(till.locator(".earns b")).to_have_text("Earns 20 beans")
    await till.locator("#pay").click()
    await expect(till.locator("dialog .big")).to_have_text("+20 beans")
    await till.get_by_role("button", name="More for this guest").click()

    await tap(till, "Sandwich")
    await expect(till.locator(".advice")).to_have_count(0)  # frozen: the first receipt is not before the second
    await till.get_by_role("button", name="two-off · 15").click()
    await expect(till.locator(".who .soft").first).to_contain_text("15 reserved")
    await expect(till.locator("#pay")).to_have_text(re.compile(r"Pay €3\.90"))
    assert coffee_bar.points(member) == (5, 15)
    await till.locator("#pay").click()
    await expect(till.locator("dialog .big")).to_have_text("+5 beans")
    assert coffee_bar.points(member) == (10, 0)
    await till.get_by_role("button", name="More for this guest").click()

    await till.locator("#receipts button").last.click()
    await till.get_by_label("How many of SANDWICH").fill("1")
    await till.get_by_role("button", name="These").click()
    await expect(till.locator("dialog .big")).to_have_text("−6 beans")
    assert coffee_bar.points(member) == (4, 0)


async def test_receipts_of_an_offline_till_are_sent_once_it_is_online(till: Page, coffee_bar: Shop) -> None:
    member = coffee_bar.enrol("card:4712")
    await find(till, "4712")
    await expect(till.locator(".who")).to_be_visible()
    await till.get_by_label("Offline").check()
    for _ in range(2):
        await tap(till, "Espresso")
        await till.locator("#pay").click()
    await expect(till.locator("#waiting")).to_have_text("2 waiting")
    assert coffee_bar.points(member) == (0, 0)
    await till.reload()  # a till that is switched off meanwhile loses nothing
    await expect(till.locator("#waiting")).to_have_text("2 waiting")
    await till.get_by_label("Offline").check()
    await till.get_by_label("Offline").uncheck()
    await expect(till.locator("#said")).to_contain_text("2 sent, each counted once.")
    assert coffee_bar.points(member) == (4, 0)


async def test_who_is_unknown_is_enrolled_at_the_till(till: Page, coffee_bar: Shop) -> None:
    await find(till, "4713")
    await expect(till.locator("#member")).to_contain_text("Nobody is known by card:4713")
    await till.get_by_role("button", name="Enrol them now").click()
    await expect(till.locator(".who")).to_contain_text("Guest")
    found = coffee_bar.call("POST", "/v1/members/search", {"identifier": "card:4713"}).json()["items"]
    assert len(found) == 1


async def test_a_till_without_a_key_says_where_to_get_one(page: Page, demo_api: LocalApi) -> None:
    await page.goto(f"{demo_api.url}/demo/till")
    await expect(page.locator("#said .error")).to_contain_text("`loyalty demo`")


def test_pages_are_not_served_unless_asked_for(api: LocalApi, coffee_bar: Shop) -> None:
    assert coffee_bar.http.get(f"{api.url}/demo/till").status_code == 404
    page = coffee_bar.http.get("/demo/till")
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
