"""Purchases: a till's receipt becomes points, in one set-based transaction for many receipts.

Rank 7. Owns ``purchases``. Publishes ``purchase.recorded``.
"""
