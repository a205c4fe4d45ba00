"""Several reads in one round trip, and several writes in another: a round trip costs more than what it asks for.

Whoever owns a table says what to ask of it (``Ask``) or what to change in it (``Change``), each one statement over
that table; here they become parts of one. Reads see one instant together; changes happen together or not at all.
On an engine that is slow at changes inside WITH, they can as well be run one by one in a transaction.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.facts import Fact, note_facts


class Sql(str):
    """An argument that is an expression over the asks before it, not a value."""

    __slots__ = ()


Values = Sql | Sequence[Any]  # an argument that is a list, or an expression for one


class Ask(NamedTuple):
    """A SELECT; ``$1`` … are its own arguments, each with its type in the text."""

    sql: str
    args: tuple[Any, ...]


class Change(NamedTuple):
    """An INSERT or UPDATE. ``rows``: how many it must touch, where another transaction may have been first.
    ``tells``: what is told once it is committed."""

    sql: str
    args: tuple[Any, ...]
    rows: int | None = None
    tells: Sequence[Fact] = ()


class RowType(NamedTuple):
    """A composite type made by a migration: many rows of it pass as one argument, at half the cost of one argument
    for each column. It never changes: who needs other columns makes another type, so that old code goes on."""

    name: str
    fields: tuple[str, ...]

    def insert_into(self, table: str, tail: str = "") -> str:
        """An INSERT of such rows, ``$1``."""
        return f"INSERT INTO {table} ({', '.join(self.fields)}) SELECT r.* FROM {self.unnested('r')} {tail}".rstrip()

    def unnested(self, name: str) -> str:
        """The rows, ``$1``, as a table of this name."""
        return f"unnest($1::{self.name}[]) AS {name} ({', '.join(self.fields)})"


def columns(rows: Sequence[Sequence[Any]]) -> tuple[list[Any], ...]:
    """Rows as the arrays that ``unnest`` takes. There must be a row."""
    return tuple(map(list, zip(*rows, strict=True)))


async def ask(connection: Connection, one: Ask) -> list[Any]:
    """The rows of one ask."""
    return await connection.fetch(one.sql, *one.args)


async def ask_together(
    connection: Connection, asks: Mapping[str, Ask], *, first: Mapping[str, Ask] | None = None
) -> dict[str, list[Any]]:
    """The rows of every ask, by its name. Asks may speak of those that come ``first`` as of tables."""
    first = first or {}
    parts = [*first.items(), *asks.items()]
    text = _ask_text(tuple((name, ask.sql, _expressions(ask)) for name, ask in parts), len(first))
    row = await connection.fetchrow(text, *_values(ask for _, ask in parts))
    assert row is not None, "a SELECT without FROM has one row"
    return dict(zip([name for name, _ in parts], row, strict=True))


async def change_together(connection: Connection, changes: Sequence[Change]) -> None:
    """Makes all changes in one statement. Raises 40001, having changed nothing, when one touched other rows."""
    if changes:
        text = _change_text(tuple((change.sql, _expressions(change), change.rows is None) for change in changes))
        counts = [change.rows for change in changes if change.rows is not None]
        await connection.execute(text, *_values(changes), *counts)
        for change in changes:
            if change.tells:
                note_facts(change.tells)


def _expressions(part: Ask | Change) -> tuple[Sql | None, ...]:
    return tuple(arg if isinstance(arg, Sql) else None for arg in part.args)


def _values(parts: Any) -> list[Any]:
    return [arg for part in parts for arg in part.args if not isinstance(arg, Sql)]


@lru_cache(maxsize=256)
def _ask_text(parts: tuple[tuple[str, str, tuple[Sql | None, ...]], ...], first: int) -> str:
    numbered, number = [], 0
    for name, sql, expressions in parts:
        text, number = _renumber(sql, expressions, number)
        numbered.append((name, text))
    with_ = ", ".join(f"{name} AS MATERIALIZED ({text})" for name, text in numbered[:first])
    arrays = [f"ARRAY(SELECT r FROM {name} r)" for name, _ in numbered[:first]]
    arrays += [f"ARRAY(SELECT r FROM ({text}) r)" for _, text in numbered[first:]]
    return f"{with_ and f'WITH {with_} '}SELECT {', '.join(arrays)}"


@lru_cache(maxsize=256)
def _change_text(parts: tuple[tuple[str, tuple[Sql | None, ...], bool], ...]) -> str:
    numbered, number = [], 0
    for sql, expressions, _ in parts:
        text, number = _renumber(sql, expressions, number)
        numbered.append(text)
    with_, checks = [], []
    for index, (text, (_, _, any_rows)) in enumerate(zip(numbered, parts, strict=True)):
        with_.append(f"c{index} AS ({text}{'' if any_rows else ' RETURNING 1'})")
        if not any_rows:
            number += 1
            checks.append(f"expect_rows((SELECT count(*) FROM c{index}), ${number}::bigint)")
    return f"WITH {', '.join(with_)} SELECT {', '.join(checks) or '1'}"


def _renumber(sql: str, expressions: Sequence[Sql | None], start: int) -> tuple[str, int]:
    """The text with its values numbered on from ``start``, and the number of the last."""
    places, number = [], start
    for expression in expressions:
        if expression is None:
            number += 1
        places.append(f"${number}" if expression is None else f"({expression})")
    return re.sub(r"\$(\d+)", lambda match: places[int(match[1]) - 1], sql), number
