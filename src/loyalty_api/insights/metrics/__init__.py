"""The metrics, a family to a file: each tells its rows of the catalogue in ``METRICS``."""
