"""DOOR of papers: the contracts, to be read and tried in a browser. They load nothing from a network.

May import the kernel; owns no table and publishes no event.
"""
