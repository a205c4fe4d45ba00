"""Loyalty itself, split by noun. No HTTP, GraphQL, HTML or Redis word in here.

The nouns are ranked; each may import lower ranks only, never a neighbour (``tests/architecture`` keeps it):

0 programs, access, claims · 1 members, points · 2 tiers · 5 earning · 7 purchases · 9 lifecycle
"""
