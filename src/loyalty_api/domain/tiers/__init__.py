"""Tiers: how much a member spent in the window, which tier that holds, and every move with its instant.

Rank 2. Owns ``member_tiers``, ``tier_days``, ``tier_moves`` and ``tier_reviews``. Publishes
``tier.changed`` where a review lowers a tier; a tier that a purchase lifted is told with the purchase.
"""
