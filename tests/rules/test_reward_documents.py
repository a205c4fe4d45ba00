"""Rewards in the document: what is wrong with them, at its place, and what changes of them in sentences."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from loyalty_api.domain.programs.diff import diff_documents
from loyalty_api.domain.programs.document import Document, decode_document, encode_document
from loyalty_api.domain.programs.read import read_document
from loyalty_api.domain.programs.refusals import InvalidDocument
from tests.make.program import make_document
from tests.make.reward import make_reward


def document(*rewards: dict[str, Any], **changes: Any) -> Document:
    return read_document(make_document(program="club", rewards=list(rewards), **changes))


PAY = {"code": "pay", "pay_with_points": {"points": 1, "minor": 1, "min": 500, "step": 1, "max_share": Decimal("0.5")}}
FAULTS: list[tuple[dict[str, Any], str, str]] = [
    ({"points": None}, "rewards[0].points", "is missing: what the reward costs"),
    ({"points": 0}, "rewards[0].points", "must be a whole number from 1 to"),
    (
        {"money_off": None},
        "rewards[0]",
        "must say one of money_off, percent_off, free_product, coupon",
    ),
    ({"custom": {"note": "x"}}, "rewards[0]", "not money_off and custom"),
    ({"money_off": {"amount_minor": 0}}, "rewards[0].money_off.amount_minor", "must be a whole number from 1 to"),
    ({"stock": 0}, "rewards[0].stock", "must be a whole number from 1 to"),
    ({"stok": 5}, "rewards[0].stok", "is not a field here; did you mean stock?"),
    ({"segments": ["vip"]}, "rewards[0].segments", "is not a field here"),
    ({"tiers": ["platinum"]}, "rewards[0].tiers[0]", "platinum is not a tier; the tiers are bronze, silver, gold"),
    ({"valid": {"from": "2026-02-30"}}, "rewards[0].valid.from", "is not a day of the calendar"),
    (
        {"valid": {"from": "2026-03-02", "until": "2026-03-01"}},
        "rewards[0].valid.until",
        "must not be before from",
    ),
    ({"per_member": {"days": 30}}, "rewards[0].per_member.limit", "is missing"),
    ({"per_member": {"limit": 0}}, "rewards[0].per_member.limit", "must be a whole number from 1"),
    ({"cost_minor": -1}, "rewards[0].cost_minor", "must be a whole number from 0"),
    ({"auto": "yes"}, "rewards[0].auto", "must be true or false"),
    (
        {"money_off": None, "percent_off": {"percent": 101}},
        "rewards[0].percent_off.percent",
        "more than 0 and at most 100",
    ),
    ({"money_off": None, "percent_off": {"percent": 0}}, "rewards[0].percent_off.percent", "more than 0"),
    ({"money_off": None, "coupon": {"pool": "Spring!"}}, "rewards[0].coupon.pool", "must be a code"),
    ({"money_off": None, "free_product": {"sku": "A", "quantity": 0}}, "rewards[0].free_product.quantity", "from 1 to"),
    ({"money_off": None} | PAY, "rewards[0].points", "does not go with pay_with_points"),
    ({"money_off": None, "points": None, "auto": True} | PAY, "rewards[0].auto", "does not go with pay_with_points"),
    ({"money_off": None, "points": None, "stock": 5} | PAY, "rewards[0].stock", "does not go with pay_with_points"),
    (
        {"money_off": None, "points": None, "pay_with_points": {"max_share": Decimal("1.5")}},
        "rewards[0].pay_with_points.max_share",
        "must be more than 0 and at most 1",
    ),
    (
        {"money_off": None, "points": None, "pay_with_points": {"step": 0}},
        "rewards[0].pay_with_points.step",
        "must be a whole number from 1 to",
    ),
]


@pytest.mark.parametrize(("changes", "place", "words"), FAULTS, ids=[f"{place}: {words}" for _, place, words in FAULTS])
def test_a_fault_of_a_reward_is_told_at_its_place(changes: dict[str, Any], place: str, words: str) -> None:
    with pytest.raises(InvalidDocument) as refused:
        document(make_reward(**changes))
    faults = {error.field: error.message for error in refused.value.errors}
    assert list(faults) == [place]
    assert words in faults[place]


def test_a_code_is_used_once_and_minutes_of_a_reservation_are_at_least_one() -> None:
    with pytest.raises(InvalidDocument) as refused:
        document(make_reward(), make_reward(), redemptions={"reserve_minutes": 0})
    assert [error.field for error in refused.value.errors] == ["redemptions.reserve_minutes", "rewards[1].code"]


def test_rewards_are_read_back_as_they_were_written() -> None:
    every = [
        make_reward(stock=1000, per_member={"limit": 1, "days": 30}, cost_minor=300, valid={"from": "2026-03-01"}),
        make_reward("voucher", money_off=None, coupon={"pool": "spring"}, auto=True),
        PAY,
        make_reward(
            "tenth", money_off=None, percent_off={"percent": Decimal("12.5"), "max_minor": 5000}, tiers=["gold"]
        ),
        make_reward("cup", money_off=None, free_product={"sku": "CUP"}),
        make_reward("tree", money_off=None, donation={"to": "Trees"}),
        make_reward("tour", money_off=None, custom={"note": "A tour of the roastery"}),
    ]
    read = document(*every, redemptions={"reserve_minutes": 5})
    assert decode_document(encode_document(read)) == read
    assert [each.kind for each in read.rewards] == [
        *("money_off", "coupon", "pay_with_points", "percent_off", "free_product", "donation", "custom")
    ]


STORIES: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (
        {},
        {"points": 600},
        "Reward five-off is now to be had for 600 points (before: for 500 points)",
    ),
    (
        {},
        {"stock": 1000},
        "Reward five-off is now to be had 1,000 times in all (before: without end of stock)",
    ),
    (
        {},
        {"per_member": {"limit": 1, "days": 30}},
        "Reward five-off is now to be had by one member at most 1 time in 30 days (before: by one member as often",
    ),
    ({"money_off": {"amount_minor": 400}}, {}, "Reward five-off gives 5.00 EUR off instead of 4.00 EUR off"),
    (
        {},
        {"money_off": None, "percent_off": {"percent": 10, "max_minor": 2000}},
        "Reward five-off gives 10 % off, at most 20.00 EUR instead of 5.00 EUR off",
    ),
    (
        {},
        {"auto": True},
        "Reward five-off is now to be had by itself, as often as the points suffice (before: when it is asked for)",
    ),
]


@pytest.mark.parametrize(("before", "after", "sentence"), STORIES, ids=[story[2] for story in STORIES])
def test_a_change_of_a_reward_is_told_in_a_sentence(
    before: dict[str, Any], after: dict[str, Any], sentence: str
) -> None:
    changes = diff_documents(document(make_reward(**before)), document(make_reward(**after)))
    lines = dict.fromkeys(line for change in changes for line in change.words.splitlines())
    assert [line for line in lines if line.startswith(sentence)]


def test_a_new_reward_is_told_whole_and_a_removed_one_by_its_code() -> None:
    new = make_reward(stock=10, tiers=["gold"], valid={"from": "2026-03-01", "until": "2026-03-31"})
    (added,) = diff_documents(document(), document(new))
    assert added.words == (
        "New reward five-off: 5.00 EUR off, for 500 points, 10 times in all, from 1 Mar 2026 until 31 Mar 2026,"
        " for tier gold"
    )
    (pay,) = diff_documents(document(), document(PAY))
    assert pay.words == ("New reward pay: 0.01 EUR of a basket for every 1 point, from 500 points on, up to 50 % of it")
    (removed,) = diff_documents(document(new), document())
    assert removed.words == "Reward five-off is removed"
