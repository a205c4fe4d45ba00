"""Earning: what a purchase earns by the rules of one program version.

Rank 5. ``compile.py`` makes a version ready once; ``rules.py`` decides, pure and exact. Owns no table.
"""
