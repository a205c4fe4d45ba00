"""Purchases: a till's receipt becomes points, in one set-based transaction for many receipts.

Rank 7. Owns ``purchases`` and ``returns``. Publishes ``purchase.recorded``, ``purchase.returned``, ``purchase.voided``
and ``purchase.moved``.
"""
