"""Gathering what a batch of purchases needs to be decided: in one statement without a lock, or behind locks.

Without a lock the members may be changed by another transaction before this one writes; the write notices, and the
batch is gathered again behind locks.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from loyalty_api.domain.access.queries import revoked_ask
from loyalty_api.domain.claims.claim import claims_ask, read_claims
from loyalty_api.domain.earning.budgets import lock_budgets, own_slice
from loyalty_api.domain.earning.compile import compile_version
from loyalty_api.domain.earning.tallies import Needs, needs_of, read_tallies
from loyalty_api.domain.members.identify import Identifier, found_ask, read_found, read_identifier
from loyalty_api.domain.members.queries import memberships_ask, read_memberships, read_traits, traits_ask
from loyalty_api.domain.points.post import balances_ask, lock_balances, make_book
from loyalty_api.domain.programs.queries import Catalogue, Program
from loyalty_api.domain.purchases.command import MemberRef, RecordPurchase
from loyalty_api.domain.purchases.conditions import needs_traits
from loyalty_api.domain.purchases.desk import Desk, Presented, key_of, use_of
from loyalty_api.domain.tiers.rules import Window, window_of
from loyalty_api.domain.tiers.standing import read_moves, read_standings, standings_ask
from loyalty_api.kernel.clock import local_date
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.refusals import Refusal
from loyalty_api.kernel.together import Ask, Sql, Values, ask_together

_MEMBERS = Sql("ARRAY(SELECT member_id FROM chosen)")


class _Batch(NamedTuple):
    programs: dict[UUID, Program]
    commands: Sequence[RecordPurchase]
    presented: list[Presented]
    windows: dict[UUID, Window]
    needs: Needs
    curious: bool  # some condition asks about profiles

    def who(self) -> dict[str, Ask]:
        """Asks for the members who are meant."""
        named = [who for who in self.presented if isinstance(who, UUID)]
        chosen = "SELECT member_id FROM found UNION SELECT unnest($1::uuid[])"
        return {
            "found": found_ask([who for who in self.presented if isinstance(who, Identifier)]),
            "chosen": Ask(chosen, (named,)),
        }

    def keys(self) -> Ask:
        """Asks which of the callers' keys were revoked since they were remembered."""
        return revoked_ask({command.key_id for command in self.commands})

    def state(self, members: Values, *, budgets: bool) -> dict[str, Ask]:
        """Asks for what the members' balances guard, and for the references."""
        asks = {
            "standings": standings_ask(members, self.windows),
            "claims": claims_ask({key_of(command) for command in self.commands}),
            **self.needs.asks(members, budgets=budgets),
        }
        return asks | {"traits": traits_ask(members)} if self.curious else asks


async def gather(
    connection: Connection, catalogue: Catalogue, commands: Sequence[RecordPurchase], *, spending: bool = True
) -> Desk:
    """The desk, read in one statement at one instant. ``spending`` False: nothing will be written.

    Raises RaceLost when a program is not known yet, or not as it is now.
    """
    batch = _prepare(catalogue.known(_programs_of(commands)), commands)
    asks = {
        "programs": catalogue.state_ask(batch.programs),
        "revoked": batch.keys(),
        "memberships": memberships_ask(_MEMBERS),
        "balances": balances_ask(_MEMBERS),
        **batch.state(_MEMBERS, budgets=True),
    }
    rows = await ask_together(connection, asks, first=batch.who())
    catalogue.check(batch.programs, rows["programs"])
    return await _make_desk(connection, batch, rows, own=own_slice(connection) if spending else None, exact=False)


async def gather_locked(connection: Connection, catalogue: Catalogue, commands: Sequence[RecordPurchase]) -> Desk:
    """The desk behind locks: the members in the order of their ids, then the budgets."""
    batch = _prepare(await catalogue.load(connection, _programs_of(commands)), commands)
    asks = {"revoked": batch.keys(), "memberships": memberships_ask(_MEMBERS)}
    rows = await ask_together(connection, asks, first=batch.who())
    members = sorted(read_memberships(rows["memberships"]))
    rows["balances"] = await lock_balances(connection, members)  # from here on nobody else writes for them
    rows["budgets"] = await lock_budgets(connection, batch.needs.budgets)
    rows |= await ask_together(connection, batch.state(members, budgets=False))
    return await _make_desk(connection, batch, rows, own=own_slice(connection), exact=True)


def _programs_of(commands: Sequence[RecordPurchase]) -> Collection[UUID]:
    return {command.program_id for command in commands}


def _prepare(programs: dict[UUID, Program], commands: Sequence[RecordPurchase]) -> _Batch:
    windows, uses, curious = {}, [], False
    for command in commands:
        program = programs[command.program_id]
        present = program.present(command.received_at)
        if program.id not in windows:
            tiers = program.version_at(present).document.tiers
            windows[program.id] = window_of(tiers, local_date(present, program.zone))
        then = program.version_at(command.purchase.occurred_at)
        compiled = compile_version(program, then)
        curious = curious or needs_traits(compiled)
        if compiled.remembers:
            uses.append(use_of(program, then, present))
    presented = [_who_is(programs[command.program_id], command) for command in commands]
    return _Batch(programs, commands, presented, windows, needs_of(uses), curious)


async def _make_desk(
    connection: Connection, batch: _Batch, rows: dict[str, list[Any]], *, own: int | None, exact: bool
) -> Desk:
    known = read_memberships(rows["memberships"])
    desk = Desk(
        programs=batch.programs,
        presented=batch.presented,
        found=read_found(rows["found"]),
        members={member_id: each for member_id, each in known.items() if each.program_id in batch.programs},
        revoked={row[0] for row in rows["revoked"]},
        book=make_book(rows["balances"]),
        claims=read_claims(rows["claims"]),
        standings=read_standings(rows["standings"], batch.windows),
        tallies=read_tallies(rows, batch.needs, own=own, exact=exact),
        traits=read_traits(rows.get("traits", ())),
    )
    late = {
        standing.member_id: standing
        for command, who in zip(batch.commands, batch.presented, strict=True)
        if (standing := desk.lacks_history(command, who))
    }
    if late:
        await read_moves(connection, late.values())
    return desk


def _who_is(program: Program, command: RecordPurchase) -> Presented:
    """Who the till says the member is: an identifier, an id, or the refusal of a writing that is neither."""
    member = command.purchase.member
    assert isinstance(member, MemberRef), "a checked purchase names its member"
    if member.id is not None:
        return member.id
    region = program.version_at(program.present(command.received_at)).document.region
    try:
        return read_identifier(member.identifier or "", program_id=program.id, region=region, field="member.identifier")
    except Refusal as refusal:
        return refusal
