"""The program: one typed document (rules, tiers, points, base), published in effective-dated versions.

Rank 0. Owns ``programs`` and ``program_versions``. Publishes no member event.
"""
