"""What subscribers are told: the outbox in an order that never changes, as CloudEvents.

Rank 10. Owns ``feed_lanes``, ``feed_cursors`` and ``forgotten_events``, and the positions in the kernel's ``outbox``.
Publishes nothing of its own.
"""
