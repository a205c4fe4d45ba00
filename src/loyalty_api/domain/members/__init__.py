"""Members and the identifiers they are known by.

Rank 1. Owns ``members``, ``member_profiles``, ``member_identifiers``, ``identifier_claims``, ``member_statuses`` and
``member_consents``.
"""
