"""What spans features: joining (member, balance and tier in one), a membership's status, merging members who are one,
a member's data as a whole (export and erase), the nightly run, and the proof of the ledger.

Rank 9. Owns ``merges`` and ``program_nights``. Publishes ``member.enrolled``, ``member.suspended``, ``member.resumed``,
``member.closed``, ``member.erased``, ``member.merged`` and ``member.unmerged``.
"""
