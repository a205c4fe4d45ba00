"""The ledger: append-only transfers between accounts, lots with dates, and one balance row per member.

Rank 1. Owns ``balances``, ``transfers`` and ``lots``. Nobody else changes them; ``post.py`` is the only writer.
"""
