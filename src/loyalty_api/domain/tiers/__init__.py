"""Tiers: how much a member spent in the window, which tier that holds, and every move with its instant.

Rank 2. Owns ``member_tiers``, ``tier_days`` and ``tier_moves``.
"""
