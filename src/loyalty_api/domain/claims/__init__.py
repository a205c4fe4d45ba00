"""Claims: a reference that a caller chose belongs to one record of one member, for ever.

Rank 0. Owns ``reference_claims``, keyed by the reference itself (so it is unique across members and shards) and
without a foreign key, and ``idempotency_keys`` for writes that bring no reference.
"""
