"""Any life of points, through the public API: purchases, returns, rewards, cancellations, adjustments and their
reversals, merges and their undoing, and days that pass, in any order, against a tiny model; after every step balances,
lots and tiers agree, and at the end the ledger proves itself."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from loyalty_api.domain.lifecycle.verify import verify
from loyalty_api.domain.points.cohorts import read_cohorts
from loyalty_api.kernel.database import Database
from tests.make.insight import ask, project
from tests.make.lots import cohorts_by_hand
from tests.make.points_model import LIFE_DAYS, Adjusted, Bought, Points
from tests.make.reward import make_redemption
from tests.make.shop import Shop
from tests.make.tiers_model import CODES, DOCUMENT, Tier
from tests.scenarios.test_returns import post_return

LIVES = int(os.environ.get("LIVES", "40"))  # `make lives` tries many more
STEPS = 50
FIRST_NOON = datetime.fromisoformat("2028-02-20T12:00:00+00:00")  # a leap day and a change of clocks lie ahead
MEMBERS = 2
_HELD = """
SELECT COALESCE(sum(spendable + pending + reserved), 0)::bigint AS lots, COALESCE(sum(debt), 0)::bigint AS debt
FROM balances WHERE program_id = $1
"""


def machine_of(make_shop: Callable[..., Shop]) -> type[RuleBasedStateMachine]:
    """The machine over programs of this server."""

    class AnyLife(RuleBasedStateMachine):
        @initialize()
        def open(self) -> None:
            self.shop = make_shop(
                time_zone="UTC",
                tiers=DOCUMENT,
                points={"expiry": {"days": LIFE_DAYS}},
                rewards=[
                    {"code": f"r{points}", "points": points, "custom": {"note": "a treat"}} for points in (1, 3, 10)
                ],
            )
            self.day = self.references = 0
            self.shop.set_clock(self.noon)
            self.members = [self.shop.enrol() for _ in range(MEMBERS)]
            self.models = [Points(0) for _ in range(MEMBERS)]
            for model in self.models:
                model.everyone = self.models
            self.tiers = [Tier() for _ in range(MEMBERS)]
            self.merged: tuple[str, int, int] | None = None  # id, alias, survivor
            self.bought: list[tuple[int, dict[str, Any], Bought, date]] = []
            self.reserved: list[tuple[int, str, list]] = []
            self.adjusted: list[tuple[int, str, Adjusted]] = []

        @property
        def noon(self) -> str:
            return (FIRST_NOON + timedelta(days=self.day)).isoformat()

        @property
        def today(self) -> date:
            return FIRST_NOON.date() + timedelta(days=self.day)

        def model(self, who: int) -> Points:
            """Of whoever has the points of this member."""
            return self.models[self.holder(who)]

        def holder(self, who: int) -> int:
            return self.merged[2] if self.merged and self.merged[1] == who else who

        @rule(who=st.integers(0, MEMBERS - 1), total=st.integers(0, 2500))
        def buy(self, who: int, total: int) -> None:
            answer = self.shop.buy(self.members[who], total, occurred_at=self.noon)
            self.bought.append((self.holder(who), answer, self.model(who).earn(total), self.today))
            self.tiers[self.holder(who)].count(total, self.today, self.today)
            assert answer["balance"]["available"] == self.model(who).available

        @precondition(lambda self: self.bought)
        @rule(data=st.data())
        def give_back(self, data: st.DataObject) -> None:
            who, answer, bought, bought_on = data.draw(st.sampled_from(self.bought))
            amount = data.draw(st.integers(1, 2500))
            told = post_return(self.shop, answer, amount_minor=amount, occurred_at=self.noon)
            if amount > bought.total - bought.back:
                assert (told.status_code, told.json()["code"]) == (422, "return.beyond_purchase")
                return
            assert told.status_code == 201, told.text
            assert told.json()["points"]["taken_back"] == self.model(who).give_back(bought, amount)
            self.tiers[who].count(-amount, bought_on, self.today)
            assert told.json()["balance"]["available"] == self.model(who).available

        @rule(who=st.integers(0, MEMBERS - 1), points=st.sampled_from([1, 3, 10]), complete=st.booleans())
        def redeem(self, who: int, points: int, complete: bool) -> None:
            asked = make_redemption(self.members[who]["card"], f"r{points}", complete=complete)
            told = self.shop.call("POST", "/v1/redemptions", asked)
            who = self.holder(who)
            if points > self.models[who].available:
                assert (told.status_code, told.json()["code"]) == (409, "points.insufficient")
                return
            assert told.status_code == 201, told.text
            drawn = self.models[who].draw(points)
            if not complete:
                self.models[who].holds.append(drawn)
                self.reserved.append((who, told.json()["id"], drawn))

        @rule(who=st.integers(0, MEMBERS - 1), points=st.integers(-15, 15).filter(bool))
        def adjust(self, who: int, points: int) -> None:
            self.references += 1
            body = {"reference": f"a{self.references}", "points": points, "reason": "put right"}
            told = self.shop.call("POST", f"/v1/members/{self.members[who]['id']}/points/adjustments", body)
            who = self.holder(who)
            if -points > self.models[who].available:
                assert (told.status_code, told.json()["code"]) == (409, "points.insufficient")
                return
            assert told.status_code == 201, told.text
            self.adjusted.append((who, told.json()["id"], self.models[who].adjust(points)))
            assert told.json()["balance"]["available"] == self.models[who].available

        @precondition(lambda self: self.adjusted)
        @rule(data=st.data())
        def reverse(self, data: st.DataObject) -> None:
            who, adjustment_id, adjusted = data.draw(st.sampled_from(self.adjusted))
            told = self.shop.call("POST", f"/v1/adjustments/{adjustment_id}/reverse", {"reason": "was right"})
            if self.holder(who) != who:
                assert (told.status_code, told.json()["code"]) == (409, "adjustment.not_reversible")
                return
            self.adjusted.remove((who, adjustment_id, adjusted))
            assert told.status_code == 200, told.text
            self.models[who].reverse(adjusted)

        @precondition(lambda self: self.reserved)
        @rule(data=st.data(), how=st.sampled_from(["complete", "cancel"]))
        def close(self, data: st.DataObject, how: str) -> None:
            who, redemption_id, drawn = data.draw(st.sampled_from(self.reserved))
            self.reserved.remove((who, redemption_id, drawn))
            told = self.shop.call("POST", f"/v1/redemptions/{redemption_id}/{how}")
            assert told.status_code == 200, told.text
            if how == "complete":
                self.models[who].holds.remove(drawn)
            else:
                self.models[who].release(drawn)

        @precondition(lambda self: self.merged is None)
        @rule(alias=st.integers(0, MEMBERS - 1))
        def merge(self, alias: int) -> None:
            survivor = 1 - alias
            body = {"into": self.members[survivor]["id"]}
            told = self.shop.call("POST", f"/v1/members/{self.members[alias]['id']}/merge", body)
            if self.models[alias].holds:
                assert (told.status_code, told.json()["code"]) == (409, "merge.not_possible")
                return
            assert told.status_code == 200, told.text
            assert told.json()["moved"]["points"] == self.models[survivor].merge(self.models[alias])
            self.merged = told.json()["id"], alias, survivor
            self.tiers[survivor].merge(self.tiers[alias], self.today)

        @precondition(lambda self: self.merged is not None)
        @rule()
        def undo(self) -> None:
            merge_id, _, survivor = self.merged
            self.merged = None
            told = self.shop.call("POST", f"/v1/merges/{merge_id}/undo")
            assert told.status_code == 200, told.text
            assert told.json()["returned"]["points"] == self.models[survivor].undo()
            self.tiers[survivor].alias = None

        @rule(days=st.sampled_from([1, 1, 2, 9, 31]))
        def pass_days(self, days: int) -> None:
            for _ in range(days):
                self.day += 1
                for who, tier in enumerate(self.tiers):
                    if self.holder(who) == who:  # nobody looks at an alias
                        tier.night(self.today)
            self.shop.set_clock(self.noon)
            self.reserved.clear()  # they ran out
            for model in self.models:
                model.pass_to(self.day)

        @invariant()
        def agree(self) -> None:
            for who, member in enumerate(getattr(self, "members", ())):
                model = self.model(who)
                body = self.shop.call("GET", f"/v1/members/{member['id']}/points?expiring_within=P60D").json()
                assert (body["available"], body["reserved"]) == (model.available, model.reserved)
                ends = {self._day_of(each["at"]): each["points"] for each in body["expiring"]}
                assert ends == model.expiring()
                tier, held = self.tiers[self.holder(who)], self.shop.member(member["id"])["tier"]
                assert held["code"] == CODES[tier.rank]
                assert (held["next"] and held["next"]["missing"]) == tier.missing(self.today)

        def _day_of(self, instant: str) -> int:
            return (datetime.fromisoformat(instant).date() - FIRST_NOON.date()).days

    return AnyLife


async def test_whatever_happens_in_whatever_order_points_are_what_the_model_says(
    make_shop: Callable[..., Shop], database: Database
) -> None:
    shops: list[Shop] = []

    def make_noted(**changes: Any) -> Shop:
        shops.append(make_shop(**changes))
        return shops[-1]

    await asyncio.to_thread(
        run_state_machine_as_test,
        machine_of(make_noted),
        settings=settings(
            max_examples=LIVES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert (await verify(database)).findings == []
    for shop in shops:
        await figures_agree(shop, database)


async def figures_agree(shop: Shop, database: Database) -> None:
    """What is owed and outstanding by the figures is what the balances say, and what became of lots what those do."""
    program = await project(database, shop)
    told = ask(shop, "liability", from_="2028-02-01")
    async with database.reader() as connection:
        held = await connection.fetchrow(_HELD, program.id)
        terms: dict[str, Any] = {"program_id": program.id, "zone": program.zone, "period": "day"}
        through = date.fromisoformat(told["through"])
        sums = await read_cohorts(connection, **terms, through=through)
        assert sums == await cohorts_by_hand(connection, program, through=through, period="day")
    assert (told["points_in_lots"], told["points_owed"]) == tuple(held)
    assert told["points_outstanding"] == told["movements"][-1]["closing"] == held["lots"] - held["debt"]
