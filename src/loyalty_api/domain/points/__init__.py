"""The ledger: append-only transfers between accounts, lots with dates, and one balance row per member.

Rank 1. Owns ``balances``, ``transfers``, ``lots``, ``draws`` and ``holds``; nobody else changes them, and ``post.py``
is the only writer. One verb per file, pure over a ``Book`` in memory. Publishes ``points.matured`` and
``points.expired``. Beside the ledger it keeps ``lot_days``, sums of it that figures are read from (``fold_lots.py``).
"""
