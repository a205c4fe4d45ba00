"""Members and the identifiers they are known by.

Rank 1. Owns ``members``, ``member_profiles``, ``member_identifiers`` and ``identifier_claims``.
"""
