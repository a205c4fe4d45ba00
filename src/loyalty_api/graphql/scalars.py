"""The scalars of the schema: how instants, dates, money and points are written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, NewType
from uuid import UUID

import strawberry

from graphql import GraphQLError, ValueNode, value_from_ast_untyped
from loyalty_api.kernel.clock import rfc3339
from loyalty_api.kernel.ids import parse_id

Points = NewType("Points", int)
Money = NewType("Money", int)
Amount = NewType("Amount", int)
WHOLE_MAX = 2**53 - 1  # the largest whole number that every client can hold


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > WHOLE_MAX:
        raise GraphQLError("must be a whole number")
    return value


def _date(value: Any) -> date:
    try:
        return date.fromisoformat(value if len(value) == 10 else "")
    except (TypeError, ValueError):
        raise GraphQLError("must be a date, such as 2026-11-21") from None


def _id(value: Any) -> UUID:
    found = parse_id(value) if isinstance(value, str) else None
    if found is None:
        raise GraphQLError("must be a UUID")
    return found


def _instant(_value: Any) -> datetime:
    raise GraphQLError("no instant is taken")


def _written(parse: Callable[[Any], Any]) -> Callable[..., Any]:
    """Reads a value that stands in the document, and says where what is wrong stands."""

    def read(node: ValueNode, variables: dict[str, Any] | None = None) -> Any:
        try:
            return parse(value_from_ast_untyped(node, variables))
        except GraphQLError as error:
            raise GraphQLError(error.message, node) from None

    return read


SCALARS: dict[Any, Any] = {
    datetime: strawberry.scalar(
        name="Instant",
        description="An instant in UTC as RFC 3339 writes it, such as `2026-11-21T09:14:03Z`.",
        serialize=rfc3339,
        parse_value=_instant,
        parse_literal=_written(_instant),
    ),
    date: strawberry.scalar(
        name="Date",
        description="A date on the program's calendar, such as `2026-11-21`.",
        serialize=date.isoformat,
        parse_value=_date,
        parse_literal=_written(_date),
    ),
    UUID: strawberry.scalar(
        name="UUID",
        description="An id as a UUID.",
        serialize=str,
        parse_value=_id,
        parse_literal=_written(_id),
    ),
    Points: strawberry.scalar(
        name="Points",
        description="A whole number of points, up to 2^53 − 1.",
        serialize=int,
        parse_value=_whole,
        parse_literal=_written(_whole),
    ),
    Amount: strawberry.scalar(
        name="Amount",
        description="A whole number of what the program's tiers measure: minor units, points or purchases.",
        serialize=int,
        parse_value=_whole,
        parse_literal=_written(_whole),
    ),
    Money: strawberry.scalar(
        name="Money",
        description="An amount of the program's currency in its minor units: `1390` is 13.90 EUR.",
        serialize=int,
        parse_value=_whole,
        parse_literal=_written(_whole),
    ),
}
