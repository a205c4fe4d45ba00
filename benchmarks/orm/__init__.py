"""The same service the usual way, for comparison."""
