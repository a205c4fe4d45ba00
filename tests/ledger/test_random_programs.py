"""Random programs and random baskets over HTTP: the quote, the purchase, its explanation and `verify` agree."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from tests.make.any_rules import any_line, any_program
from tests.make.purchase import make_purchase
from tests.make.shop import Shop

from loyalty_api.domain.lifecycle.verify import verify
from loyalty_api.kernel.database import Database

PROGRAMS = settings(max_examples=20, deadline=None, derandomize=True, phases=[Phase.generate])
BASKETS = 12  # of each program

_as_json = msgspec.json.Encoder(decimal_format="number")


@pytest.fixture(scope="module")
def own_http(start_api: Callable, own_database_url: str) -> Iterator[httpx.Client]:
    """A client of one API process on this file's database."""
    with httpx.Client(base_url=start_api(own_database_url).url, timeout=30) as http:
        yield http


@st.composite
def baskets(draw: st.DrawFn) -> list[dict[str, Any]]:
    """The lines of a purchase whose total is not below zero, as a till sends them."""
    lines = [draw(any_line(st.integers(0, 20_000))) for _ in range(draw(st.integers(0, 6)))]
    if sum(line.amount_minor for line in lines) < 0:
        lines = [line for line in lines if line.kind != "discount"]
    return plain(lines)


def plain(value: Any) -> Any:
    """As JSON has it: decimals are numbers."""
    return msgspec.json.decode(_as_json.encode(value))


async def test_a_quote_is_the_purchase_that_follows_its_explanation_says_the_same_and_every_law_holds(
    own_http: httpx.Client, own_operator: str, own_database: Database
) -> None:
    @PROGRAMS
    @given(document=any_program(), bought=st.lists(baskets(), min_size=BASKETS, max_size=BASKETS))
    def play(document: dict[str, Any], bought: list[list[dict[str, Any]]]) -> None:
        quote_and_buy(own_http, own_operator, document, bought)

    play()
    report = await verify(own_database)
    assert report.findings == []
    assert report.checked["decisions"] == report.checked["purchases"] >= PROGRAMS.max_examples * BASKETS


def quote_and_buy(
    http: httpx.Client, operator: str, document: dict[str, Any], bought: list[list[dict[str, Any]]]
) -> None:
    """Every basket is quoted, bought and explained."""
    shop = Shop.open(http, operator, plain(document))
    members = [shop.enrol(), shop.enrol()]
    for number, lines in enumerate(bought):
        instant = f"2026-03-0{1 + number % 2}T{8 + number % 4:02}:00:00Z"
        purchase = make_purchase(members[number % 3 % 2]["card"], lines=lines, occurred_at=instant)
        quoted = shop.call("POST", "/v1/quotes", {k: v for k, v in purchase.items() if k != "reference"})
        answer = shop.post(purchase)
        assert (quoted.status_code, answer.status_code) == (200, 201), (quoted.text, answer.text)
        quote, told = quoted.json(), answer.json()
        assert {name: quote["points"][name] for name in ("earned", "pending", "earnings")} == told["points"]
        assert quote["tier"] == told["tier"]
        explained = shop.call("GET", f"/v1/purchases/{told['id']}/explanation").json()
        why = {each["rule"]: each["because"] for each in told["points"]["earnings"]}
        why |= {each["rule"]: each["why"] for each in quote["points"]["not_fired"]}
        assert {rule["rule"]: rule["text"] for rule in explained["rules"]} == why
        assert explained["points"] == told["points"]["earned"]
