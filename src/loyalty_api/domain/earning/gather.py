"""Gathering what a batch of facts that earn needs to be decided: in one statement without a lock, or behind locks.

Without a lock the members may be changed by another transaction before this one writes; the write notices, and the
batch is gathered again behind locks.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from loyalty_api.domain.access.queries import revoked_ask
from loyalty_api.domain.claims.claim import Claim, Key, claims_ask, read_claims
from loyalty_api.domain.earning.budgets import lock_budgets, own_slice
from loyalty_api.domain.earning.tallies import Needs, Tallies, read_tallies
from loyalty_api.domain.members.identify import read_found
from loyalty_api.domain.members.presented import People, Presented, who_asks
from loyalty_api.domain.members.queries import Traits, memberships_ask, read_memberships, read_traits, traits_ask
from loyalty_api.domain.members.status import MERGED
from loyalty_api.domain.points.balance import balances_ask, due_members, lock_balances
from loyalty_api.domain.points.holds import holds_ask
from loyalty_api.domain.points.lots import open_lots_ask
from loyalty_api.domain.points.post import Book, make_book
from loyalty_api.domain.programs.queries import Catalogue, Program
from loyalty_api.domain.tiers.rules import Window, window_of
from loyalty_api.domain.tiers.standing import Standing, read_moves, read_standings, standings_ask
from loyalty_api.kernel.clock import local_date
from loyalty_api.kernel.database import Connection, RaceLost
from loyalty_api.kernel.together import Ask, Sql, Values, ask_together

_MEMBERS = Sql("ARRAY(SELECT member_id FROM chosen)")


class Happened(NamedTuple):
    """Where and when something occurred, and to whom; ``present``: its program's, as it is recorded.

    ``needs_lots``: it moves points of the member that are there already."""

    program_id: UUID
    presented: Presented
    occurred_at: datetime
    present: datetime
    needs_lots: bool = False


class Batch(NamedTuple):
    """What a batch will need. ``keys``: of its references; ``key_ids``: of its callers; ``curious``: some condition
    asks about profiles; ``spends``: it may spend points of any of its members."""

    programs: dict[UUID, Program]
    happened: Sequence[Happened]
    windows: dict[UUID, Window]
    keys: Collection[Key]
    key_ids: Collection[UUID]
    needs: Needs
    curious: bool
    spends: bool = False

    def who(self) -> dict[str, Ask]:
        """Asks for the members who are meant."""
        return who_asks([each.presented for each in self.happened])

    def state(self, members: Values, *, budgets: bool) -> dict[str, Ask]:
        """Asks for what the members' balances guard, and for the references."""
        asks = {"standings": standings_ask(members, self.windows), **self.needs.asks(members, budgets=budgets)}
        if self.keys:
            asks["claims"] = claims_ask(self.keys)
        if self.curious:
            asks["traits"] = traits_ask(members)
        return asks


class Gathered(NamedTuple):
    """All that a batch needs, as it was when it was asked. ``revoked``: keys of callers."""

    programs: dict[UUID, Program]
    presented: Sequence[Presented]
    people: People
    revoked: set[UUID]
    book: Book
    claims: dict[Key, Claim]
    standings: dict[UUID, Standing]
    tallies: Tallies
    traits: dict[UUID, Traits]


def window_now(program: Program, present: datetime) -> Window:
    """The window of the program's tiers that ends on its today."""
    return window_of(program.version_at(present).document.tiers, local_date(present, program.zone))


async def gather_batch(
    connection: Connection, batch: Batch, catalogue: Catalogue | None = None, *, spending: bool = True
) -> Gathered:
    """All of it, read in one statement at one instant. ``spending`` False: nothing will be written.

    Raises RaceLost when a program is not as the catalogue knows it; without one, the transaction has just read it.
    """
    asks = {
        "revoked": revoked_ask(batch.key_ids),
        "memberships": memberships_ask(_MEMBERS),
        "balances": balances_ask(_MEMBERS),
        **batch.state(_MEMBERS, budgets=True),
    }
    if catalogue is not None:
        asks["programs"] = catalogue.state_ask(batch.programs)
    rows = await ask_together(connection, asks, first=batch.who())
    if catalogue is not None:
        catalogue.check(batch.programs, rows["programs"])
    return await _gathered(connection, batch, rows, own=own_slice() if spending else None, due=None)


async def gather_batch_locked(connection: Connection, batch: Batch) -> Gathered:
    """All of it behind locks: the members in the order of their ids, then the budgets."""
    asks = {"revoked": revoked_ask(batch.key_ids), "memberships": memberships_ask(_MEMBERS)}
    rows = await ask_together(connection, asks, first=batch.who())
    members = sorted(read_memberships(rows["memberships"]))
    rows["balances"] = await lock_balances(connection, members)  # from here on nobody else writes for them
    rows["budgets"] = await lock_budgets(connection, batch.needs.budgets)
    present = max(each.present for each in batch.happened)
    due = {row["member_id"] for row in rows["balances"]}
    if not batch.spends:
        due &= {*due_members(rows["balances"], present), *_moved(batch, rows)}
    asks = batch.state(members, budgets=False)
    asks |= {"lots": open_lots_ask(sorted(due)), "holds": holds_ask(sorted(due))}
    asks["memberships"] = memberships_ask(members)  # again: who held a lock may have suspended or erased its member
    rows |= await ask_together(connection, asks)
    return await _gathered(connection, batch, rows, own=own_slice(), due=sorted(due))


def _moved(batch: Batch, rows: dict[str, list[Any]]) -> set[UUID]:
    """The members whose points are moved."""
    people = People(read_found(rows["found"]), read_memberships(rows["memberships"]))
    wanted = [each for each in batch.happened if each.needs_lots]
    return {meant for each in wanted if (meant := people.meant(each.presented, each.program_id))}


async def _gathered(
    connection: Connection, batch: Batch, rows: dict[str, list[Any]], *, own: int | None, due: list[UUID] | None
) -> Gathered:
    """``due``: of which members the lots were read, behind locks; None: there are no locks."""
    known = read_memberships(rows["memberships"])
    if any(each.status == MERGED for each in known.values()):  # between being looked up and being locked
        raise RaceLost
    members = {member_id: each for member_id, each in known.items() if each.program_id in batch.programs}
    gathered = Gathered(
        programs=batch.programs,
        presented=[each.presented for each in batch.happened],
        people=People(read_found(rows["found"]), members),
        revoked={row[0] for row in rows["revoked"]},
        book=make_book(
            rows["balances"],
            rows.get("lots"),
            holds=rows.get("holds", ()),
            of=due or (),
            zones={program.id: program.zone for program in batch.programs.values()},
        ),
        claims=read_claims(rows.get("claims", ())),
        standings=read_standings(rows["standings"], batch.windows),
        tallies=read_tallies(rows, batch.needs, own=own, exact=due is not None),
        traits=read_traits(rows.get("traits", ())),
    )
    late = {
        standing.member_id: standing
        for each in batch.happened
        if (standing := _standing_of(each, gathered)) and standing.lacks_history(each.occurred_at)
    }
    if late:
        await read_moves(connection, late.values())
    return gathered


def _standing_of(happened: Happened, gathered: Gathered) -> Standing | None:
    member_id = gathered.people.meant(happened.presented, happened.program_id)
    return gathered.standings.get(member_id) if member_id else None
