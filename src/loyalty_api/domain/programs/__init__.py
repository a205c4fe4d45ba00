"""The program: one typed document (rules, tiers, points, base), drafted by many, published in versions.

Rank 0. Owns ``programs``, ``program_versions`` and ``program_drafts``. Publishes no member event.
"""
