"""What spans features: joining (member, balance and tier in one), a membership's status, a member's data as a whole
(export and erase), the nightly run, and the proof of the ledger.

Rank 9. Owns no table. Publishes ``member.enrolled``, ``member.suspended``, ``member.resumed``, ``member.closed`` and
``member.erased``.
"""
