"""Which kinds of events a program may let phones record: none that earns without end, or that only a shop knows."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty_api.domain.programs.read import read_document
from loyalty_api.domain.programs.refusals import InvalidDocument
from tests.make.engagement import per_event
from tests.make.program import BASE_RULE, make_document


def kinds(*named: str, **changes: Any) -> dict[str, Any]:
    return {"engagement": {"phone_kinds": list(named)}} | changes


FAULTS = [
    (
        kinds("review.written", earning_rules=[per_event(5)]),
        "earning_rules[0].caps.per_member",
        "as often as they like",
    ),
    (kinds("enrolled"), "engagement.phone_kinds[0]", "by the enrolment itself"),
    (kinds("a", "b", "a"), "engagement.phone_kinds[2]", "a is named twice"),
    (kinds("App Open"), "engagement.phone_kinds[0]", "in small letters"),
    (kinds("shipped", points={"pending": {"until": "shipped"}}), "engagement.phone_kinds[0]", "only a shop can know"),
    (
        kinds("shipped", earning_rules=[BASE_RULE | {"pending": {"until": "shipped"}}]),
        "engagement.phone_kinds[0]",
        "only a shop can know",
    ),
]


@pytest.mark.parametrize(("changes", "field", "message"), FAULTS)
def test_a_kind_that_must_not_be_a_phones_is_told_at_its_place(changes: Any, field: str, message: str) -> None:
    with pytest.raises(InvalidDocument) as refused:
        read_document(make_document(**changes))
    assert [error.field for error in refused.value.errors] == [field]
    assert message in refused.value.errors[0].message


def test_a_rule_with_a_cap_and_a_kind_that_earns_nothing_are_allowed() -> None:
    capped = per_event(5, caps={"per_member": {"points": 10}})
    read = read_document(make_document(**kinds("review.written", "app_open", earning_rules=[capped])))
    assert read.engagement.phone_kinds == ["review.written", "app_open"]
