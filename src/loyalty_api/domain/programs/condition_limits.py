"""What a condition may not do although its types fit: work that could stall a till, words that never come.

The lines of a purchase are the one long list (up to 1,000). They may be walked through (not once more for every
element of a walk), counted, and picked from; so a condition's work is at most its steps per element times the lines.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple, get_args

from loyalty_api.domain.programs.condition_faults import did_you_mean
from loyalty_api.domain.programs.document import Weekday
from loyalty_api.domain.programs.expression_tree import GATHERED, Node

WALKS_MAX = 8  # times 1,000 lines is less than the 10,000 elements at which the library gives up
GATHERING_STEPS = 100  # filter and map copy what they have so far for every element: 25 µs with 1,000 lines
LINES = "purchase.lines"
LINE_FIELDS = ("sku", "category", "labels", "kind", "amount_minor")
LINE_KINDS = ("product", "shipping", "gift_card", "fee", "discount")
NO_TIER = "is not a tier"  # a fault with these words is about the program's tiers

_MAPS = ("member.attributes", "event.data")


class _Around(NamedTuple):
    """Where a node stands."""

    tiers: Collection[str] | None
    walked: bool = False  # done for every element of a list
    lines: frozenset[str] = frozenset()  # names of elements that are lines of the purchase


def steps_per_line(tree: Node) -> int:
    """How many steps the expression does for every element of the lists that it walks through."""
    steps = 0
    for walk in tree.below():
        if walk.kind == "walk":
            steps += sum(1 for part in walk.parts[1:] for _ in part.below())
            steps += GATHERING_STEPS if walk.parts[1].kind == "list" else 0
    return steps


def limit_faults(tree: Node, tiers: Collection[str] | None) -> Iterator[str]:
    """Every fault, in words. ``tiers``: the codes that exist; None: not known, so not checked."""
    walks = sum(node.kind == "walk" for node in tree.below())
    if walks > WALKS_MAX:
        yield f"walks through lists {walks} times; at most {WALKS_MAX} times are possible"
    yield from _faults(tree, _Around(tiers))


def _faults(node: Node, around: _Around) -> Iterator[str]:
    if node.kind == "name" and node.name == LINES:
        yield f"{LINES} can be walked through (all, exists, filter, map), counted by size() and picked from by [0] only"
    if around.walked and node.kind == "name" and node.name in _MAPS:
        yield f"in a walk (all, exists, …) {node.name} can be read at a key only, such as {node.name}.diet"
    if node.kind == "walk":
        yield from _walk(node, around)
        return
    if node.kind == "call":
        yield from _joins(node, around)
    yield from _unknown_field(node, around)
    yield from _unknown_words(node, around)
    for part in node.parts:
        if not _is_picked(node, part, around):
            yield from _faults(part, around)


def _walk(walk: Node, around: _Around) -> Iterator[str]:
    over, *body = walk.parts
    if around.walked:
        yield "walks through a list for every element of another; a walk (all, exists, …) cannot stand inside another"
    if around.walked or not _is_name(over, LINES):
        yield from _faults(over, around)
    lines = around.lines | {walk.name} if _are_lines(over) else around.lines - {walk.name}
    for part in body:
        yield from _faults(part, around._replace(walked=True, lines=lines))


def _is_picked(node: Node, part: Node, around: _Around) -> bool:
    """Whether the node takes one value of a map, or one line or their number: no long work."""
    if node.kind == "select":
        return part.kind == "name" and part.name in _MAPS
    if node.kind != "call" or part.kind != "name":
        return False
    if part.name == LINES:
        return not around.walked and node.name in ("size", "_[_]")
    return part.name in _MAPS and node.name in ("@in", "_[_]")


def _joins(call: Node, around: _Around) -> Iterator[str]:
    if call.name == "_+_" and "add_list" in call.overloads and not _is_name(call.parts[0], GATHERED):
        if len(call.overloads) == 1:
            yield "`+` cannot join lists"
        elif around.walked:
            yield "`+` cannot stand in a walk (all, exists, …) between two values that may be lists"


def _unknown_field(node: Node, around: _Around) -> Iterator[str]:
    if not node.parts or not _is_line(node.parts[0], around):
        return
    if node.kind == "select":
        field = node.name
    elif node.name == "_[_]" and node.parts[1].text is not None:
        field = node.parts[1].text
    else:
        return
    if field not in LINE_FIELDS:
        yield f"`{field}` is not a field of a line{did_you_mean(field, LINE_FIELDS)}"


def _unknown_words(node: Node, around: _Around) -> Iterator[str]:
    if node.name not in ("_==_", "_!=_", "@in") or node.kind != "call":
        return
    sides = [node.parts, node.parts[::-1]] if node.name != "@in" else [node.parts]
    for asked, given in sides:
        texts = [each.text for each in (given.parts if given.kind == "list" else (given,)) if each.text is not None]
        if _is_name(asked, "member.tier") and around.tiers is not None:
            known = f"the tiers are {', '.join(around.tiers)}" if around.tiers else "the program has no tiers"
            yield from (f'"{text}" {NO_TIER}; {known}' for text in texts if text and text not in around.tiers)
        elif _is_name(asked, "purchase.weekday"):
            yield from _not_among(texts, get_args(Weekday), "purchase.weekday")
        elif asked.kind == "select" and asked.name == "kind" and _is_line(asked.parts[0], around):
            yield from _not_among(texts, LINE_KINDS, "the kind of a line")


def _not_among(texts: list[str], words: Collection[str], whose: str) -> Iterator[str]:
    for text in texts:
        if text not in words:
            yield f'"{text}" is never {whose}; it is one of {", ".join(words)}'


def _is_name(node: Node, name: str) -> bool:
    return node.kind == "name" and node.name == name


def _is_line(node: Node, around: _Around) -> bool:
    if node.kind == "name":
        return node.name in around.lines
    return node.kind == "call" and node.name == "_[_]" and _are_lines(node.parts[0])


def _are_lines(node: Node) -> bool:
    """The lines of the purchase, or those that a filter left."""
    if node.kind != "walk":
        return _is_name(node, LINES)
    step = node.parts[3]
    kept = [name for each in step.below() if each.kind == "list" for name in each.parts]
    return _are_lines(node.parts[0]) and step.name == "_?_:_" and len(kept) == 1 and _is_name(kept[0], node.name)
