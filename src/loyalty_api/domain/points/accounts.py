"""The chart of accounts. Every point is on exactly one account; a transfer moves points between two."""

from __future__ import annotations

from enum import IntEnum


class Account(IntEnum):
    """A member's accounts are below 10; the program's, whose sums are taken when asked for, from 10 on."""

    SPENDABLE = 1
    PENDING = 2
    RESERVED = 3
    DEBT = 4
    ISSUED = 10


MEMBER_ACCOUNTS = (Account.SPENDABLE, Account.PENDING, Account.RESERVED, Account.DEBT)
