"""Engagement: what members do besides buying is recorded, and earns points by the program's rules for its kind.

Rank 7. Owns ``engagements``. Publishes ``engagement.recorded``.
"""
