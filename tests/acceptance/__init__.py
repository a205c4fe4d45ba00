"""Acceptance on real input: a year of grocery baskets, posted over HTTP, figures taken from REST answers."""
