"""Conditions of earning rules: CEL expressions over declared variables, checked when saved, cheap at the till (pure).

Money and points are whole numbers (minor units). What may be missing is asked for by ``has(member.attributes.diet)``
or ``"diet" in member.attributes``. What cannot be decided does not hold: an attribute that the member lacks, a
division by zero, a number compared with text; so ``member.attributes.diet != "vegan"`` does not hold for a member who
never told, but ``!has(member.attributes.diet) || member.attributes.diet != "vegan"`` does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache, lru_cache

from cel_expr_python import cel

from loyalty_api.domain.programs.condition_faults import say_faults, say_type
from loyalty_api.domain.programs.condition_limits import limit_faults, steps_per_line
from loyalty_api.domain.programs.conjuncts import conjuncts
from loyalty_api.domain.programs.document import About
from loyalty_api.domain.programs.expression_tree import Node, read_tree

COMPILED_MAX = 1024

_OF_MEMBER = {
    "member.tier": "string",
    "member.segments": "list<string>",
    "member.enrolled_days": "int",
    "member.attributes": "map<string, dyn>",
    "member.birthday": "bool",
}
VARIABLES: dict[About, dict[str, str]] = {
    "purchase": {
        "purchase.total_minor": "int",
        "purchase.base_minor": "int",
        "purchase.currency": "string",
        "purchase.store": "string",
        "purchase.employee": "string",
        "purchase.channel": "string",
        "purchase.coupons": "list<string>",
        "purchase.lines": "list<map<string, dyn>>",
        "purchase.weekday": "string",
        "purchase.hour": "int",
    }
    | _OF_MEMBER,
    "event": {"event.kind": "string", "event.data": "map<string, dyn>"} | _OF_MEMBER,
}

# Patterns can cost a tenth of a second each, and joined texts grow; no condition needs them.
_WITHOUT = """
stdlib:
  exclude_functions:
    - name: matches
    - name: _+_
      overloads: [{id: add_string}, {id: add_bytes}]
"""


class Facts:
    """The values of variables for one purchase or event; shared by all conditions that are asked about it."""

    __slots__ = ("activation", "values")

    def __init__(self, about: About, values: Mapping[str, object]) -> None:
        self.values = values
        self.activation = _environment(about).Activation(values)


class Condition:
    """A condition that can be asked. ``names``: the variables it reads; ``steps_per_line``: the work in its walks."""

    __slots__ = ("_expression", "names", "steps_per_line", "text")

    def __init__(self, text: str, expression: cel.Expression, tree: Node) -> None:
        self.text = text
        self.names = frozenset(node.name for node in tree.below() if node.kind == "name" and "." in node.name)
        self.steps_per_line = steps_per_line(tree)
        self._expression = expression

    def holds(self, facts: Facts) -> bool:
        """Whether it holds; what cannot be decided does not. The facts must have every variable that it reads."""
        assert facts.values.keys() >= self.names, f"facts lack {self.names - facts.values.keys()}"
        try:
            return self._expression.eval(facts.activation).value() is True
        except RuntimeError:  # beyond the number of list elements that the library goes through
            return False


def check_condition(text: str, about: About, tiers: Collection[str] | None = None) -> str | None:
    """What is wrong with the text, or None. ``tiers``: the codes of the program's tiers; None: not checked."""
    try:
        expression, tree = _compile(text, about)
    except _Faulty as faulty:
        return str(faulty)
    type_name = expression.return_type().name()
    if type_name == "DYN":
        return "must be true or false; compare the value, such as member.attributes.vip == true"
    if type_name != "BOOL":
        return f"must be true or false, but {_subject(tree)} is {say_type(type_name)}"
    return "; ".join(dict.fromkeys(limit_faults(tree, tiers))) or None


def compile_condition(text: str, about: About) -> Condition:
    """The condition of a checked text."""
    expression, tree = _compile(text, about)
    return Condition(text, expression, tree)


@lru_cache(COMPILED_MAX)
def parts_of(text: str, about: About) -> tuple[Condition, ...]:
    """The conditions that a checked one is made of, all of which hold where it does; itself, if it is one."""
    whole = _compile(text, about)[1]
    try:
        parts = [compile_condition(part, about) for part in conjuncts(text)]
    except _Faulty:
        return (compile_condition(text, about),)
    same = [part.text for part in parts] and _joined(whole) == [_compile(part.text, about)[1] for part in parts]
    return tuple(parts) if same else (compile_condition(text, about),)


def _joined(tree: Node) -> list[Node]:
    if tree.kind == "call" and tree.name == "_&&_":
        return [part for side in tree.parts for part in _joined(side)]
    return [tree]


class _Faulty(Exception):
    """The text is no expression over the variables, for the reason told."""


@lru_cache(COMPILED_MAX)
def _compile(text: str, about: About) -> tuple[cel.Expression, Node]:
    try:
        text.encode()
        expression = _environment(about).compile(text)
    except UnicodeEncodeError:
        raise _Faulty("must be text") from None
    except RuntimeError as error:
        raise _Faulty(say_faults(str(error), text, VARIABLES[about])) from None
    return expression, read_tree(expression.serialize())


def _subject(tree: Node) -> str:
    return f"`{tree.name}`" if tree.kind == "name" else "the whole"


@cache
def _environment(about: About) -> cel.Env:
    variables = {name: cel.Type(type_name) for name, type_name in VARIABLES[about].items()}
    return cel.NewEnv(config=cel.NewEnvConfigFromYaml(_WITHOUT), variables=variables)
