"""Who is calling, and what they may call.

Rank 0. Owns ``api_keys``. Keys are stored hashed and shown once; the table of who may call what is ``table.py``.
"""
