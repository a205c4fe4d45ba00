"""What one request may ask for, weighed before anything looks further into the document.

Fragments are weighed once each, however often they are spread, so that weighing is cheap where running would not be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
)
from loyalty_api.graphql.problems import BeyondLimit

DEPTH_MAX = 16
ALIASES_MAX = 30
PAIRS_MAX = 5_000  # of fields by one name, as a hundred of them make: validating compares each with each
TOKENS_MAX = 2_000
COST_MAX = 5_000  # fields, those of a page counted once for each of its items
PAGE_DEFAULT = 20
PAGE_MAX = 100
PAGED = frozenset({"activity", "rewards"})
DRAWN = frozenset({"qr", "barcode"})
DRAWN_COST = 100  # drawing takes some ten milliseconds, in which nobody else is answered
LISTED = frozenset({"types", "fields", "args", "inputFields", "possibleTypes", "interfaces"})  # of introspection
LISTED_TIMES = 4  # fewer than there are: whoever asks for the whole schema once may
_HUGE = 10**9  # where weights stop growing


class Weight(NamedTuple):
    """How deep a selection goes and how many fields it answers at most."""

    depth: int
    cost: int


def check_document(document: DocumentNode) -> None:
    """Refuses: BeyondLimit (aliases, repeated fields, depth). Cost depends on the variables, see ``cost_of``."""
    names: Counter[str] = Counter()
    aliases = 0
    for field in _fields(document):
        aliases += field.alias is not None
        names[(field.alias or field.name).value] += 1
    if aliases > ALIASES_MAX:
        raise BeyondLimit(f"The query has {aliases} aliases; {ALIASES_MAX} are the most.")
    if sum(times * (times - 1) // 2 for times in names.values()) > PAIRS_MAX:
        name, times = names.most_common(1)[0]
        raise BeyondLimit(f"The query repeats its fields too often: {name} {times} times.")
    for operation in operations_of(document):
        depth = _Weigher(document, {}).weigh(operation.selection_set).depth
        if depth > DEPTH_MAX:
            raise BeyondLimit(f"The query is {depth} fields deep; {DEPTH_MAX} are the most.")


def cost_of(document: DocumentNode, operation: OperationDefinitionNode, variables: dict[str, Any]) -> int:
    """What the operation costs with these variables. Refuses: BeyondLimit."""
    cost = _Weigher(document, variables).weigh(operation.selection_set).cost
    if cost > COST_MAX:
        raise BeyondLimit(f"The query costs {cost}; {COST_MAX} is the most. Ask for smaller pages, or less of each.")
    return cost


def operations_of(document: DocumentNode) -> list[OperationDefinitionNode]:
    """The operations of a document."""
    return [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]


def _selecting(document: DocumentNode) -> list[Any]:
    kinds = (OperationDefinitionNode, FragmentDefinitionNode)
    return [each for each in document.definitions if isinstance(each, kinds)]


def _fields(document: DocumentNode) -> Iterator[FieldNode]:
    """Every field that is written anywhere in the document."""
    waiting: list[Any] = [each.selection_set for each in _selecting(document)]
    while waiting:
        for each in waiting.pop().selections:
            if isinstance(each, FieldNode):
                yield each
            inner = getattr(each, "selection_set", None)
            if inner is not None:
                waiting.append(inner)


class _Weigher:
    def __init__(self, document: DocumentNode, variables: dict[str, Any]) -> None:
        self._fragments = {
            each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
        }
        self._variables = _defaults(document) | variables
        self._known: dict[str, Weight] = {}

    def weigh(self, selected: SelectionSetNode | None) -> Weight:
        """The weight of a selection; what spreads itself weighs nothing here, and is not valid either."""
        if selected is None:
            return Weight(0, 0)
        weights = [self._one(each) for each in selected.selections]
        depth = max((each.depth for each in weights), default=0)
        return Weight(depth, min(_HUGE, sum(each.cost for each in weights)))

    def _one(self, node: Any) -> Weight:
        if isinstance(node, FragmentSpreadNode):
            name = node.name.value
            if name not in self._known:
                self._known[name] = Weight(0, 0)
                fragment = self._fragments.get(name)
                self._known[name] = self.weigh(fragment.selection_set if fragment else None)
            return self._known[name]
        inner = self.weigh(node.selection_set)
        if isinstance(node, InlineFragmentNode):
            return inner
        times = self._page(node) if node.name.value in PAGED else LISTED_TIMES if node.name.value in LISTED else 1
        own = DRAWN_COST if node.name.value in DRAWN else 1
        return Weight(inner.depth + 1, min(_HUGE, own + times * inner.cost))

    def _page(self, node: FieldNode) -> int:
        for argument in node.arguments or ():
            if argument.name.value != "first":
                continue
            if isinstance(argument.value, IntValueNode) and len(argument.value.value) < 10:
                return max(1, int(argument.value.value))
            if isinstance(argument.value, VariableNode):
                asked = self._variables.get(argument.value.name.value)
                if asked is None:
                    return PAGE_DEFAULT
                return max(1, int(asked)) if isinstance(asked, int | float) and abs(asked) < _HUGE else PAGE_MAX
        return PAGE_DEFAULT


def _defaults(document: DocumentNode) -> dict[str, int]:
    """The numbers that variables stand for where the request names none."""
    return {
        each.variable.name.value: int(each.default_value.value[:10])
        for operation in operations_of(document)
        for each in operation.variable_definitions or ()
        if isinstance(each.default_value, IntValueNode)
    }
