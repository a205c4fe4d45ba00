"""Adjustments: points that staff put right, with a reason, or move between members; above a limit two of them decide.

Rank 7. Owns ``adjustments``. Publishes ``points.adjusted``, ``points.moved`` and ``points.reversed``.
"""
