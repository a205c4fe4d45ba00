"""What is counted of each member and day. A day is a local one of the program's zone.

``purchases``, ``sales_minor`` and ``returned_minor`` count on the day on which something happened, and so does
``points_issued``: what purchases and engagement earned, pending points among them. A purchase that was voided counts
nowhere. Sales are net: a return takes from them on its own day, and leaves the count of purchases.

The other points count on the day on which the ledger moved. For each member and all of them, up to any day:
opened + earned - redeemed + given_back - taken_back - expired + adjusted = what the members hold, debts taken off.
"""

from __future__ import annotations

MEASURES = (
    "purchases",
    "sales_minor",
    "returned_minor",
    "points_issued",
    "points_opened",
    "points_earned",
    "points_redeemed",
    "points_given_back",  # of what had paid for a purchase that was returned
    "points_taken_back",  # of what a purchase that was returned had earned
    "points_expired",
    "points_adjusted",  # given or taken by staff, moved between members, merged
)

PURCHASES, SALES, RETURNED, ISSUED, OPENED, EARNED, REDEEMED, GIVEN_BACK, TAKEN_BACK, EXPIRED, ADJUSTED = range(
    len(MEASURES)
)
