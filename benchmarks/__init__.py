"""What one purchase costs: ``python -m benchmarks`` serves the product, loads it over HTTP and reads the meters.

It brings its own PostgreSQL (fsync on) and its own ``loyalty serve``, listens on loopback only, and leaves
nothing behind but ``build/bench.json``.
"""
