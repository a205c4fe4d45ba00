"""Who is calling: from the Authorization header to a caller whom the access table admits."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime

from loyalty_api.domain.access.queries import Caller, check_expiry, find_caller
from loyalty_api.domain.access.refusals import Forbidden, OtherStore, Unauthenticated
from loyalty_api.domain.access.table import ADMITTED, PUBLIC
from loyalty_api.kernel.database import Database
from loyalty_api.rest.route import Route

REMEMBERED_MAX = 10_000
KEY_LENGTH_MAX = 200


class Callers:
    """Finds callers by key. Hot routes use what is remembered of a key: only facts that never change.

    Whether a remembered key is still good, the hot route asks in the transaction that writes.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._remembered: OrderedDict[str, Caller] = OrderedDict()

    async def admit(self, route: Route, authorization: str, now: datetime) -> Caller | None:
        """The caller of an admitted request. Refuses: Unauthenticated, Forbidden."""
        admitted = ADMITTED[route.key]
        if admitted is PUBLIC:
            return None
        caller = self._remembered.get(_read_key(authorization)) if route.hot else None
        if caller is None:
            caller = await self.find(authorization)
        check_expiry(caller, now)
        if admitted.isdisjoint(caller.scopes):
            raise Forbidden(
                f"This key has the scopes {', '.join(sorted(caller.scopes))}; "
                f"the call asks for one of {', '.join(sorted(admitted))}."
            )
        return caller

    async def find(self, authorization: str) -> Caller:
        """The caller behind the header, asked of the database. Refuses: Unauthenticated."""
        key = _read_key(authorization)
        async with self._database.reader() as connection:
            caller = await find_caller(connection, key)
        self._remembered[key] = caller
        if len(self._remembered) > REMEMBERED_MAX:
            self._remembered.popitem(last=False)
        return caller


def check_store(caller: Caller, store: str | None) -> None:
    """Refuses (OtherStore) what is of another store than the caller's key belongs to."""
    if caller.store is not None and store not in (None, caller.store):
        raise OtherStore(f"This key belongs to store {caller.store}; what was sent is of store {store}.")


def _read_key(authorization: str) -> str:
    scheme, _, key = authorization.partition(" ")
    key = key.strip()
    if scheme.lower() != "bearer" or not key or len(key) > KEY_LENGTH_MAX:
        raise Unauthenticated("Send an API key: Authorization: Bearer <key>.")
    return key
