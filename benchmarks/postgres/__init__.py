"""PostgreSQL alone: the same rows, written by ``pgbench`` from a prepared statement, one purchase a transaction."""
