"""Who is calling, and what they may call.

Rank 0. Owns ``api_keys`` and ``token_grants``. Keys are stored hashed and shown once; a member's tokens are signed,
and hang on a grant that can be revoked. The table of who may call what is ``table.py``.
"""
