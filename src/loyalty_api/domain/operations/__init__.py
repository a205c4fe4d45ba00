"""What the worker and the proof of the ledger last did, for whoever watches: one row per job, and counts.

Rank 0. Owns ``job_runs`` and ``job_counts``. Publishes nothing.
"""
