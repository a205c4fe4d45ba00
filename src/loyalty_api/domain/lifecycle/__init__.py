"""What spans features: joining (member, balance and tier in one), and the proof of the ledger.

Rank 9. Owns no table. Publishes ``member.enrolled``.
"""
