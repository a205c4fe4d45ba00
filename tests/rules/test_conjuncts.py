"""Conditions taken apart at their top: the parts are what the whole is made of, or the whole stays one."""

from __future__ import annotations

import pytest

from loyalty_api.domain.programs.conditions import parts_of
from loyalty_api.domain.programs.conjuncts import conjuncts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("member.birthday", ["member.birthday"]),
        ("purchase.hour > 9 && member.birthday", ["purchase.hour > 9", "member.birthday"]),
        ("a && (b || c) && d", ["a", "(b || c)", "d"]),
        ("a && b || c", ["a && b || c"]),
        ("a ? b && c : d", ["a ? b && c : d"]),
        ('x == "a && b" && y', ['x == "a && b"', "y"]),
        (r"x == 'it\'s && so' && y", [r"x == 'it\'s && so'", "y"]),
        (r'x == r"\" && y == r"\"', [r'x == r"\"', r'y == r"\"']),
        ('x == """a " && b""" && y', ['x == """a " && b"""', "y"]),
        (
            "l.exists(e, e.sku == 'a' && e.amount_minor > 1) && b",
            ["l.exists(e, e.sku == 'a' && e.amount_minor > 1)", "b"],
        ),
        ("a // && b\n && c", ["a // && b", "c"]),
    ],
)
def test_a_text_is_taken_apart_where_it_is_joined(text: str, parts: list[str]) -> None:
    assert [part.strip() for part in conjuncts(text)] == parts


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (
            'purchase.total_minor >= 2000 && member.attributes.vip == true && purchase.lines.exists(l, l.sku == "a")',
            [{"purchase.total_minor"}, {"member.attributes"}, {"purchase.lines"}],
        ),
        ("(purchase.hour > 9 && member.birthday)", [{"purchase.hour", "member.birthday"}]),
        ("member.birthday || purchase.hour > 9", [{"purchase.hour", "member.birthday"}]),
    ],
)
def test_parts_are_conditions_that_make_the_whole(text: str, names: list[set[str]]) -> None:
    assert [set(part.names) for part in parts_of(text, "purchase")] == names
