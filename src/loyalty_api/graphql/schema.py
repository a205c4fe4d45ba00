"""The schema that phones are offered."""

from __future__ import annotations

import strawberry
from strawberry.schema.config import StrawberryConfig

from graphql import GraphQLSchema, lexicographic_sort_schema, print_schema
from loyalty_api.graphql.activity import ACTIVITIES
from loyalty_api.graphql.mutations import Mutation
from loyalty_api.graphql.scalars import SCALARS
from loyalty_api.graphql.subscriptions import Subscription
from loyalty_api.graphql.viewer import Viewer


@strawberry.type(description="What may be asked.")
class Query:
    """One way in."""

    @strawberry.field(description="The member who is asking.")
    def viewer(self) -> Viewer:
        """Whoever the token stands for."""
        return Viewer()


def make_schema() -> GraphQLSchema:
    """The schema, for graphql-core to run."""
    made = strawberry.Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=ACTIVITIES,
        config=StrawberryConfig(scalar_map=SCALARS, relay_max_results=100),
    )
    return made._schema


SCHEMA = make_schema()


def write_schema() -> bytes:
    """The schema as text: the contract."""
    return print_schema(lexicographic_sort_schema(SCHEMA)).encode() + b"\n"
