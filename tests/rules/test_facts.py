"""What conditions are shown of members and events: days, birthdays, and data of any shape."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_api.domain.earning.facts import ENTRIES_MAX, LEVELS_MAX, is_birthday
from tests.make.conditions import BERLIN, holds, make_event_facts, make_member, make_purchase_facts


@given(birth_date=st.dates(date(1900, 1, 1), date(2026, 12, 31)), year=st.integers(2020, 2100))
def test_every_member_has_one_birthday_a_year(birth_date: date, year: int) -> None:
    days = [date(year, 1, 1) + timedelta(days=number) for number in range(366)]
    assert sum(is_birthday(birth_date, day) for day in days if day.year == year) == 1


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2028, 2, 29), True),
        (date(2028, 2, 28), False),
        (date(2027, 2, 28), True),
        (date(2027, 3, 1), False),
    ],
)
def test_one_born_on_29_february_has_the_birthday_on_the_28th_in_common_years(day: date, expected: bool) -> None:
    assert is_birthday(date(2000, 2, 29), day) is expected


def test_the_birthday_begins_at_midnight_in_the_programs_zone() -> None:
    member = make_member(birth_date=date(1980, 3, 2))
    night = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    assert holds("member.birthday", local=night.astimezone(BERLIN), member=member)
    assert not holds("member.birthday", local=night, member=member)


def test_days_since_enrolment_are_days_of_the_calendar_in_the_programs_zone() -> None:
    member = make_member(enrolled_at=datetime(2026, 3, 1, 22, 59, tzinfo=UTC))  # 23:59 in Berlin
    just_after = datetime(2026, 3, 2, 0, 1, tzinfo=BERLIN)
    assert holds("member.enrolled_days == 1", local=just_after, member=member)
    assert holds("member.enrolled_days == 0", local=just_after - timedelta(minutes=2), member=member)
    assert holds("member.enrolled_days == -1", local=just_after - timedelta(days=2), member=member)


def test_only_what_is_named_is_made() -> None:
    assert make_purchase_facts({"purchase.hour", "member.tier"}).values == {"purchase.hour": 12, "member.tier": "gold"}
    assert make_event_facts({"event.kind"}).values == {"event.kind": "review.written"}


def nested(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [nested(LEVELS_MAX + 1), nested(100_000), [0] * (ENTRIES_MAX + 1), 2**63, -(2**63) - 1, {"a": {"b": None}}],
    ids=["deep", "very deep", "long", "large", "very small", "empty"],
)
def test_event_data_of_any_shape_leaves_the_rest_readable(value: object) -> None:
    data = {"odd": value, "stars": 4}
    assert holds("event.data.stars == 4", "event", data=data)
    assert not holds("event.data.odd == 4", "event", data=data)


def test_event_data_keeps_lists_groups_and_numbers() -> None:
    data = {"items": [{"sku": "A", "price": 1.5}], "known": True, "count": 2**63 - 1}
    assert holds(
        'event.data.items[0].sku == "A" && event.data.items[0].price < 2.0 && event.data.known == true'
        " && event.data.count == 9223372036854775807",
        "event",
        data=data,
    )
