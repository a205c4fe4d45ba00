"""What the worker and the proof of the ledger last did, for whoever watches: one row per job, and counts; and which
night each program's ledger was proved.

Rank 0. Owns ``job_runs``, ``job_counts`` and ``program_proofs``. Publishes nothing.
"""
