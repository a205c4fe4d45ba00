"""Figures that are worked out of the events."""
