"""Stories at the demo's phone, beside the till: told by what both show and proved by the ledger."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, expect
from tests.make.shop import Shop

from loyalty_api.cli.local import LocalApi

OpenPhone = Callable[[dict[str, Any]], Awaitable[Page]]


@pytest.fixture
def open_phone(page: Page, coffee_bar: Shop, demo_api: LocalApi) -> OpenPhone:
    """Opens the page as the phone of a member, and waits until it shows their points."""

    async def opened(member: dict[str, Any]) -> Page:
        answer = coffee_bar.call("POST", f"/v1/members/{member['id']}/tokens")
        await page.goto(f"{demo_api.url}/demo/phone#token={answer.json()['refresh_token']}")
        await expect(page.locator("#available")).to_be_visible()
        await expect(page.locator("#live")).to_have_text("Live")
        return page

    return opened


async def turn(phone: Page, screen: str) -> None:
    await phone.locator("#tabs").get_by_role("button", name=screen).click()


async def shows(phone: Page, points: str) -> None:
    """Nobody touches it: it is told."""
    await expect(phone.locator("#available")).to_have_text(points)


async def test_from_the_first_coffee_to_a_return_with_a_till_and_a_phone(
    page: Page, coffee_bar: Shop, demo_api: LocalApi
) -> None:
    till = page
    await till.goto(f"{demo_api.url}/demo/till#key={coffee_bar.key}")
    await expect(till.locator("#menu button")).to_have_count(11)
    await till.fill("#card", "4720")
    await till.get_by_role("button", name="Find").click()
    await till.get_by_role("button", name="Enrol them now").click()
    async with till.context.expect_page() as opening:
        await till.get_by_role("button", name="Open their phone").click()
    phone = await opening.value
    await expect(phone.locator("#available")).to_have_text("0")
    assert "token" not in phone.url
    await turn(phone, "History")
    await expect(phone.locator("#screen")).to_contain_text("Nothing has happened yet")
    await turn(phone, "Card")

    for name in ("Sandwich", "Sandwich", "Beans, 250 g"):
        await till.locator("#menu button", has_text=name).first.click()
    await till.locator("#pay").click()
    await expect(till.locator("dialog .big")).to_have_text("+20 beans")
    await shows(phone, "20")
    await till.get_by_role("button", name="Next guest").click()

    await turn(phone, "Rewards")
    await phone.get_by_role("button", name="Two off").click()
    await phone.locator("#sheet").get_by_role("button", name="Redeem").click()
    await expect(phone.locator(".waiting")).to_contain_text("Two off")
    await turn(phone, "Card")
    await expect(phone.locator(".chips")).to_have_text("15 set aside")
    await phone.get_by_role("button", name="Show the card").click()
    await phone.get_by_role("button", name="Hold it to the till").click()

    await till.locator("#menu button", has_text="Sandwich").click()
    await till.get_by_role("button", name="Use two-off").click()
    await expect(till.locator("#pay")).to_have_text(re.compile(r"Pay €3\.90"))
    await till.locator("#pay").click()
    await expect(till.locator("dialog .big")).to_have_text("+5 beans")
    await till.get_by_role("button", name="More for this guest").click()
    await shows(phone, "10")
    await expect(phone.locator(".waiting")).to_have_count(0)

    await till.locator("#receipts button").last.click()
    await till.get_by_label("How many of SANDWICH").fill("1")
    await till.get_by_role("button", name="These").click()
    await expect(till.locator("dialog .big")).to_have_text("−6 beans")
    await shows(phone, "4")
    await turn(phone, "History")
    await expect(phone.locator(".history li").first).to_contain_text("6 points taken back for a return")
    member = coffee_bar.call("POST", "/v1/members/search", {"identifier": "card:4720"}).json()["items"][0]
    assert coffee_bar.points(member) == (4, 0)


async def test_a_reward_that_is_out_of_reach_meanwhile_is_refused_in_words(
    open_phone: OpenPhone, coffee_bar: Shop
) -> None:
    member = coffee_bar.enrol()
    coffee_bar.buy(member, 2000)
    phone = await open_phone(member)
    await turn(phone, "Rewards")
    await phone.get_by_role("button", name="Two off").click()
    coffee_bar.redeem(member, "two-off", complete=True)
    await phone.locator("#sheet").get_by_role("button", name="Redeem").click()
    await expect(phone.locator("#said .error")).to_contain_text("15 points are needed; 5 are available")
    await expect(phone.locator("#screen")).to_contain_text("10 beans to go")
    assert coffee_bar.points(member) == (5, 0)


async def test_what_was_set_aside_is_let_go_of(open_phone: OpenPhone, coffee_bar: Shop) -> None:
    member = coffee_bar.enrol()
    coffee_bar.buy(member, 2000)
    coffee_bar.redeem(member, "two-off", complete=False)
    phone = await open_phone(member)
    await expect(phone.locator("#available")).to_have_text("5")
    await phone.get_by_role("button", name="Let go").click()
    await expect(phone.locator("#available")).to_have_text("20")
    assert coffee_bar.points(member) == (20, 0)


async def test_a_notice_stays_until_it_is_seen(open_phone: OpenPhone, coffee_bar: Shop) -> None:
    member = coffee_bar.enrol()
    phone = await open_phone(member)
    await expect(phone.locator(".notice")).to_have_count(0)
    coffee_bar.buy(member, 2000)
    await expect(phone.locator(".notice")).to_contain_text("Two off is within reach")
    await phone.get_by_role("button", name="Seen").click()
    await expect(phone.locator(".notice")).to_have_count(0)
    await phone.reload()
    await expect(phone.locator("#available")).to_have_text("20")
    await expect(phone.locator(".notice")).to_have_count(0)


async def test_older_history_is_read_when_it_is_asked_for(open_phone: OpenPhone, coffee_bar: Shop) -> None:
    member = coffee_bar.enrol()
    for _ in range(17):
        coffee_bar.buy(member, 100)
    phone = await open_phone(member)
    await turn(phone, "History")
    await expect(phone.locator(".history li")).to_have_count(15)
    await phone.get_by_role("button", name="Older").click()
    await expect(phone.locator(".history li")).to_have_count(17)
    coffee_bar.buy(member, 100)
    await expect(phone.locator(".history li")).to_have_count(18)


async def test_the_phone_speaks_the_members_language_and_fits_a_small_screen(
    open_phone: OpenPhone, page: Page, coffee_bar: Shop
) -> None:
    await page.set_viewport_size({"width": 360, "height": 640})
    member = coffee_bar.enrol(profile={"language": "de", "given_name": "Wolfgang-Amadeus", "family_name": "N" * 80})
    coffee_bar.buy(member, 123_400, reference="R" * 120)
    phone = await open_phone(member)
    for screen, word in (("Karte", "1.234"), ("Prämien", "Jetzt für dich"), ("Verlauf", "1.234 Punkte für Einkauf")):
        await turn(phone, screen)
        await expect(phone.locator("#screen")).to_contain_text(word)
        assert await phone.evaluate("document.getElementById('screen').scrollWidth") <= 360
        assert await phone.evaluate("document.documentElement.scrollWidth") <= 360


async def test_what_happened_while_the_phone_was_away_is_there_once_it_is_back(
    open_phone: OpenPhone, coffee_bar: Shop
) -> None:
    member = coffee_bar.enrol()
    phone = await open_phone(member)
    await phone.context.set_offline(True)
    await phone.evaluate("dispatchEvent(new Event('focus'))")
    await expect(phone.locator("#trouble")).to_contain_text("The club does not answer")
    coffee_bar.buy(member, 700)
    await phone.context.set_offline(False)
    await phone.get_by_role("button", name="Try again").click()
    await expect(phone.locator("#available")).to_have_text("7")
    await expect(phone.locator("#trouble")).to_be_empty()


async def test_a_connection_that_breaks_is_made_again_and_tells_what_was_missed(
    page: Page, coffee_bar: Shop, open_phone: OpenPhone
) -> None:
    hung_up = []
    await page.route_web_socket("**/graphql", lambda socket: hung_up.append(socket.connect_to_server()))
    member = coffee_bar.enrol()
    phone = await open_phone(member)
    coffee_bar.buy(member, 300)
    await shows(phone, "3")
    await hung_up[0].close()
    coffee_bar.buy(member, 400)
    await shows(phone, "7")
    await expect(phone.locator("#live")).to_have_text("Live")
    coffee_bar.buy(member, 500)
    await shows(phone, "12")
    assert len(hung_up) > 1


async def test_the_code_that_is_shown_is_another_one_every_minute(
    page: Page, open_phone: OpenPhone, coffee_bar: Shop
) -> None:
    phone = await open_phone(coffee_bar.enrol())
    await phone.get_by_role("button", name="Show the card").click()
    code = phone.locator("#sheet img.qr")
    first = await code.get_attribute("src")
    coffee_bar.set_clock("2026-03-02T12:00:50Z")
    await phone.clock.run_for(50_000)
    await expect(code).not_to_have_attribute("src", first or "")


async def test_the_phone_asks_graphql_alone_and_nobody_else(
    open_phone: OpenPhone, page: Page, coffee_bar: Shop, demo_api: LocalApi
) -> None:
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(request.url))
    await open_phone(coffee_bar.enrol())
    assert {urlsplit(url).netloc for url in asked if not url.startswith("data:")} == {urlsplit(demo_api.url).netloc}
    paths = {urlsplit(url).path for url in asked if not url.startswith("data:")}
    assert {path for path in paths if not path.startswith("/demo/")} == {"/graphql", "/v1/tokens/refresh"}


async def test_a_phone_that_is_opened_again_is_still_signed_in(open_phone: OpenPhone, coffee_bar: Shop) -> None:
    member = coffee_bar.enrol(profile={"given_name": "Ada"})
    phone = await open_phone(member)
    await phone.reload()
    await expect(phone.locator(".card")).to_contain_text("Ada")
    coffee_bar.call("DELETE", f"/v1/members/{member['id']}/tokens")
    await phone.reload()
    await expect(phone.locator("#screen")).to_contain_text("This phone belongs to nobody yet")


async def test_every_language_of_the_phone_says_the_same_with_the_same_placeholders(
    page: Page, demo_api: LocalApi
) -> None:
    await page.goto(f"{demo_api.url}/demo/phone")
    await expect(page.locator("#screen")).to_contain_text("This phone belongs to nobody yet")
    english, german = await page.evaluate("""async () => {
      const { ENGLISH, GERMAN } = await import("/demo/static/words.js");
      const named = (text) => [...text.matchAll(/\\{(\\w+)\\}/g)].map((each) => each[1]).sort();
      return [ENGLISH, GERMAN].map((words) =>
        Object.fromEntries(Object.entries(words).map(([key, text]) => [key, named(text)])));
    }""")
    assert english == german
