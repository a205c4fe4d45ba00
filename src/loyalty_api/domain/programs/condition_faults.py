"""What the CEL library finds wrong with an expression, in words that a marketer understands."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection

FAULTS_TOLD_MAX = 3
NAME_TOLD_MAX = 60

_FAULT = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): (.*?)(?=\n \| |\nERROR: |\Z)", re.DOTALL)
_TOO_DEEP = re.compile(r"CANCELLED: Expression recursion limit|\S+ ERROR: <input>:-1:-1: Exceeded max recursion depth")
_UNDECLARED = re.compile(r"undeclared reference to '(.*)' \(in container ''\)")
_NO_OVERLOAD = re.compile(r"found no matching overload for '(.*?)' applied to '\((.*)\)'", re.DOTALL)
_NO_FIELDS = re.compile(r"expression of type '(.*)' cannot be the operand of a select operation")
_RESERVED = re.compile(r"reserved identifier: (\w+)")

_WALKS = ("all", "exists", "exists_one", "filter", "map")
_ABOUT = {"purchase": "rules about purchases, and this is a per_event rule", "event": "per_event rules only"}
_INSTEAD = {"and": "&&", "&": "&&", "or": "||", "|": "||", "not": "!", "=": "==", "=>": ">=", "≥": ">=", "≤": "<="}
_OPERATORS = {"@in": "in", "!_": "!", "-_": "-", "_?_:_": "? :", "_[_]": "[ ]"}
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
_TYPES = {
    "int": "a whole number",
    "uint": "a whole number with u",
    "double": "a number with decimals",
    "string": "text",
    "bool": "true or false",
    "null": "null",
    "null_type": "null",
    "dyn": "a value of any type",
    "list": "a list",
    "map": "a group of fields",
}


def say_type(name: str) -> str:
    """A type, such as ``list(string)`` or ``MAP<STRING, DYN>``, in words."""
    return _TYPES.get(re.split(r"[(<]", name.lower(), maxsplit=1)[0], name.lower())


def did_you_mean(name: str, known: Collection[str]) -> str:
    """A hint at what was meant, to be put behind what is wrong."""
    by_last = {each.rpartition(".")[2]: each for each in known}
    close = difflib.get_close_matches(name.rpartition(".")[2], by_last, n=1)
    return f"; did you mean {by_last[close[0]]}?" if close else f"; known here: {', '.join(known)}"


def say_faults(told: str, text: str, variables: Collection[str]) -> str:
    """Up to three faults of the expression ``text``, from what the library told; ``variables``: those that exist."""
    if _TOO_DEEP.match(told):
        return "is too long a chain or nested too deeply (at most 32 levels); write it in parts, as several rules"
    found = []
    for line, column, fault in map(re.Match.groups, _FAULT.finditer(told.removesuffix(" [INVALID_ARGUMENT]"))):
        at = sum(len(each) + 1 for each in text.split("\n")[: int(line) - 1]) + int(column) - 1
        if fault.startswith("Syntax error"):
            return _unreadable(text, at)  # whatever is told after it may only follow from it
        found.append(_say(fault, text, at, variables))
    return "; ".join(list(dict.fromkeys(found))[:FAULTS_TOLD_MAX]) or "cannot be read"


def _unreadable(text: str, at: int) -> str:
    if at >= len(text.rstrip()):
        return "ends too early: something is missing at its end"
    found = re.findall(r"\w+|[^\w\s]+|\s", text[at:])[0]
    where = f"cannot be read from `{text[at : at + 20].strip()}` on ({_place(text, at)})"
    if found[0] in "“”„’‘":
        return f'{where}; text goes in straight quotes, such as "gold"'
    if found[0] in "\"'" and text.count(found[0]) % 2:
        return f"{where}; a quote is open"
    if found[0] == "," and re.search(r"\d$", text[:at]):
        return f"{where}; amounts are in minor units without separators, such as 2050 for 20.50"
    instead = _INSTEAD.get(found.lower()) or _INSTEAD.get(_word_before(text, at))
    return f"{where}; write {instead}" if instead else where


def _word_before(text: str, at: int) -> str:
    before = text[:at].split()
    return before[-1].lower() if before else ""


def _say(fault: str, text: str, at: int, variables: Collection[str]) -> str:
    if match := _UNDECLARED.fullmatch(fault):
        return _undeclared(match[1], text, at, variables)
    if match := _NO_OVERLOAD.fullmatch(fault):
        return f"{_no_overload(match[1], match[2])} ({_place(text, at)})"
    if match := _RESERVED.fullmatch(fault):
        return f"`{match[1]}` is a word of the language; no variable is called so ({_place(text, at)})"
    if match := _NO_FIELDS.fullmatch(fault):
        return f"{say_type(match[1])} has no fields, so `.` cannot follow it ({_place(text, at)})"
    return f"{fault} ({_place(text, at)})"


def _undeclared(name: str, text: str, at: int, variables: Collection[str]) -> str:
    if text[at : at + 1] == "(":
        if name in _WALKS:
            return (
                f"`{name}` names the elements first, such as {name}(line, line.amount_minor > 500) ({_place(text, at)})"
            )
        instead = "; use startsWith, endsWith, contains or in" if name == "matches" else ""
        return f"`{name}` is no function here ({_place(text, at)}){instead}"
    start, root = max(text.find(name), 0), name.split(".")[0]
    name = name if len(name) <= NAME_TOLD_MAX else f"{name[:NAME_TOLD_MAX]}…"
    if root in _ABOUT and not any(each.startswith(f"{root}.") for each in variables):
        return f"`{name}` is not known here ({_place(text, start)}): {root}.… is for {_ABOUT[root]}"
    hint = did_you_mean(name, variables)
    if "." not in name and "did you mean" not in hint:
        hint = f'; text goes in quotes: "{name}"'
    return f"`{name}` is not known here ({_place(text, start)}){hint}"


def _no_overload(function: str, types: str) -> str:
    sides = [say_type(each) for each in _split(types)]
    operator = _OPERATORS.get(function, function.strip("_"))
    between = f"{sides[0]} with {sides[1]}" if len(sides) == 2 else ", ".join(sides)
    if operator in _COMPARISONS:
        hint = "; money is in minor units, such as 2050 for 20.50" if {"int", "double"} == set(_split(types)) else ""
        return f"`{operator}` cannot compare {between}{hint}"
    if operator == "in":
        return f"`in` cannot look for {sides[0]} in {sides[1]}"
    if operator in ("&&", "||", "!"):
        wrong = next((side for side in sides if side != "true or false"), sides[0])
        return f"`{operator}` goes with what is true or false, not with {wrong}"
    return f"`{operator}` does not work with {' and '.join(sides)}"


def _split(types: str) -> list[str]:
    """The types of a list such as ``int, map(string, dyn)``, each for itself."""
    found, depth = [""], 0
    for char in types:
        depth += (char == "(") - (char == ")")
        if char == "," and not depth:
            found.append("")
        elif char != " ":
            found[-1] += char
    return found


def _place(text: str, at: int) -> str:
    line = text.count("\n", 0, at)
    start = text.rfind("\n", 0, at) + 1
    return f"line {line + 1}, character {at - start + 1}" if line else f"at character {at + 1}"
