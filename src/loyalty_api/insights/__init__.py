"""Insight: figures about members, kept beside the ledger and never read by it."""
