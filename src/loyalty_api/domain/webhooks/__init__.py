"""Webhooks: events sent to the addresses that a program names, signed, tried again over days, and written down.

Rank 11. Owns ``webhooks``, ``webhook_cursors`` and ``webhook_deliveries``. Publishes nothing: a webhook that is
switched off belongs to no member, and events do; its state says so, and the log.
"""
