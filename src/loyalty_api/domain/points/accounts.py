"""The chart of accounts. Every point is on exactly one account; a transfer moves points between two."""

from __future__ import annotations

from enum import IntEnum


class Account(IntEnum):
    """A member's accounts are below 10; the program's, whose sums are taken when asked for, from 10 on.

    DEBT holds what a member owes as an amount below zero: a debt is made by a transfer from it and paid by one to it,
    so that over all accounts the points add up to zero. IN_TRANSIT is empty but within a movement between two members.
    """

    SPENDABLE = 1
    PENDING = 2
    RESERVED = 3
    DEBT = 4
    ISSUED = 10
    EXPIRED = 11
    REDEEMED = 12
    RETURNED = 13
    ADJUSTED = 14
    IN_TRANSIT = 15


# What is on these is in the member's lots.
LOT_ACCOUNTS = frozenset({Account.SPENDABLE, Account.PENDING, Account.RESERVED})
