"""What a phone points its member to by itself, until they have seen it: points that expire, a tier that moved, rewards.

Rank 10. Owns ``acknowledged_notices``. Publishes nothing.
"""
