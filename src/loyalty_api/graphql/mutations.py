"""What a member may do. Each mutation takes an id that the phone makes: sent again, it does nothing and answers the
same."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import strawberry

from loyalty_api.graphql.acknowledge import AcknowledgeResult, acknowledge
from loyalty_api.graphql.engagements import EngagementResult, record_by_phone
from loyalty_api.graphql.members import (
    ConsentInput,
    ConsentsResult,
    ProfileInput,
    ProfileResult,
    set_consents,
    update_profile,
)
from loyalty_api.graphql.redemptions import CancelResult, RedeemResult, cancel, redeem
from loyalty_api.graphql.viewer import Info

Id = Annotated[UUID, strawberry.argument(description="Made by the phone for this one wish; the same when sent again.")]


@strawberry.type(description="What a member may do.")
class Mutation:
    """One after the other, each in a transaction of its own."""

    @strawberry.mutation(description="Takes a reward: set aside for the till to complete, or at once.")
    async def redeem_reward(
        self,
        info: Info,
        id: Id,
        reward: Annotated[str, strawberry.argument(description="The code of the reward.")],
        at_once: Annotated[
            bool, strawberry.argument(description="Whether the points are spent now, with no till to complete it.")
        ] = False,
    ) -> RedeemResult:
        """The redemption, or why there is none."""
        done: Any = await redeem(info.context, key=id, reward=reward, at_once=at_once)
        return done

    @strawberry.mutation(description="Lets go of a reward that is set aside; its points are free again.")
    async def cancel_redemption(
        self,
        info: Info,
        id: Id,
        redemption_id: Annotated[UUID, strawberry.argument(description="Which redemption.")],
    ) -> CancelResult:
        """The redemption as it is now, or why it is not cancelled."""
        done: Any = await cancel(info.context, redemption_id=redemption_id)
        return done

    @strawberry.mutation(description="Records what the member did, of a kind that the program lets phones record.")
    async def record_engagement(
        self,
        info: Info,
        id: Id,
        kind: Annotated[str, strawberry.argument(description="What happened, such as `app_open`.")],
    ) -> EngagementResult:
        """The event, or why there is none."""
        done: Any = await record_by_phone(info.context, key=id, kind=kind)
        return done

    @strawberry.mutation(description="Changes what is known of the member.")
    async def update_profile(
        self, info: Info, id: Id, changes: Annotated[ProfileInput, strawberry.argument(description="What to change.")]
    ) -> ProfileResult:
        """The profile after it, or what is wrong with the input."""
        done: Any = await update_profile(info.context, id, changes)
        return done

    @strawberry.mutation(description="Gives or withdraws consents; every decision is kept.")
    async def set_consents(
        self,
        info: Info,
        id: Id,
        consents: Annotated[list[ConsentInput], strawberry.argument(description="What is decided, by kind.")],
    ) -> ConsentsResult:
        """The profile after it, or what is wrong with the input."""
        done: Any = await set_consents(info.context, id, consents)
        return done

    @strawberry.mutation(description="The member has seen these; they do not come again.")
    async def acknowledge_advice(
        self,
        info: Info,
        id: Id,
        notices: Annotated[list[strawberry.ID], strawberry.argument(description="The ids of notices.")],
    ) -> AcknowledgeResult:
        """What is left to be seen, or what is wrong with the input."""
        done: Any = await acknowledge(info.context, id, notices)
        return done
