"""Opening balances: points that members bring from an earlier system, each under a reference, so that it happens once.

Rank 7. Owns ``openings``. Publishes ``points.opened``.
"""
