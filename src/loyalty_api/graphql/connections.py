"""Pages as Relay writes them: edges, opaque cursors, and whether there is more."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import strawberry

from loyalty_api.graphql.limits import PAGE_MAX
from loyalty_api.kernel.paging import Page
from loyalty_api.kernel.refusals import FieldError, InvalidRequest

Node = TypeVar("Node")

FIRST = f"How many, at most {PAGE_MAX}."
AFTER = "The cursor behind which the page begins."


@strawberry.type(description="Where a page ends, and whether there is more.")
class PageInfo:
    """Relay's page info; pages are walked forward."""

    has_next_page: bool = strawberry.field(description="Whether there is more behind this page.")
    has_previous_page: bool = strawberry.field(description="Whether the page begins behind a cursor.")
    start_cursor: str | None = strawberry.field(description="The cursor of the first edge; null: the page is empty.")
    end_cursor: str | None = strawberry.field(description="The cursor of the last edge; null: the page is empty.")


@strawberry.type(description="One item of a page.")
class Edge(Generic[Node]):
    """Relay's edge."""

    cursor: str = strawberry.field(description="Where this item stands; opaque.")
    node: Node = strawberry.field(description="The item.")


@strawberry.type(description="A page of items.")
class Connection(Generic[Node]):
    """Relay's connection."""

    edges: list[Edge[Node]] = strawberry.field(description="The items of the page, in order.")
    page_info: PageInfo = strawberry.field(description="Where the page ends, and whether there is more.")


def read_page(first: int, after: str | None) -> Page:
    """The page asked for. Refuses: InvalidRequest (too many, none, or a cursor that was not given out here)."""
    if not 1 <= first <= PAGE_MAX:
        raise InvalidRequest.of(FieldError("first", f"must be 1 to {PAGE_MAX}"))
    if after is None:
        return Page(limit=first, after=None)
    try:
        return Page(limit=first, after=base64.urlsafe_b64decode(after.encode("ascii")).decode("ascii"), said_as="after")
    except (binascii.Error, UnicodeError, ValueError):
        raise InvalidRequest.of(FieldError("after", "is not a cursor that this service gave out")) from None


def connect(nodes: Sequence[Any], page: Page, place: Callable[[Any], object]) -> Any:
    """The connection of a page; ``nodes`` is one more than the page when there is a next one."""
    edges = [Edge(cursor=_cursor(place(node)), node=node) for node in nodes[: page.limit]]
    info = PageInfo(
        has_next_page=len(nodes) > page.limit,
        has_previous_page=page.after is not None,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )
    return Connection(edges=edges, page_info=info)


def _cursor(place: object) -> str:
    return base64.urlsafe_b64encode(str(place).encode("ascii")).decode("ascii")
