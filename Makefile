# Two commands do everything on a bare Python 3.11+: `make demo` and `make test`.
# A distribution's Python, built with profiles of real programs, does a sixth more than one that was compiled by hand.
PYTHON ?= $(or $(shell for each in /usr/bin/python3.1[1-9]; do $$each -c 'import ensurepip' 2>&- && echo $$each && break; done),python3)
BIN := .venv/bin
JOBS ?= 2

.PHONY: demo test check acceptance bench overload rollups lives clients lock schemas clean

demo: .venv/.demo  ## a server, a sample program and weeks of purchases on this machine (ONCE=1 ends after them)
	$(BIN)/loyalty demo $(if $(ONCE),--once)

test: .venv/.dev  ## every test but the heavy ones
	$(BIN)/python -m pytest -n $(JOBS)

check: .venv/.dev  ## format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/ty check src

acceptance: .venv/.acceptance  ## a year of real baskets and the CDNOW sample over HTTP; writes build/acceptance.json
	$(BIN)/python -m tests.acceptance

bench: .venv/.dev  ## this, an ORM's way and PostgreSQL alone, in turns, judged (a quarter of an hour); writes build/bench.json
	$(BIN)/python -m benchmarks

lives: .venv/.dev  ## many more of the random lives of points that the tests try (half an hour)
	LIVES=600 $(BIN)/python -m pytest -n 0 tests/scenarios/test_any_life.py

clients: .venv/.dev  ## libraries that phones use, against a served API (needs npm)
	$(BIN)/python -m tests.clients

overload: .venv/.dev  ## twice the load that this machine carries, judged (two minutes)
	$(BIN)/python -m benchmarks.overload

rollups: .venv/.dev  ## what figures of ten million purchases take to read, judged (a quarter of an hour); writes build/rollups.json, and into build/bench.json
	$(BIN)/python -m benchmarks.rollups

schemas: .venv/.dev  ## the committed contract, written anew from the code
	$(BIN)/loyalty export-schemas openapi

lock:  ## the locked requirements, written anew (needs uv)
	uv pip compile pyproject.toml -q --extra embedded --group build $(LOCK) -o requirements.lock
	uv pip compile pyproject.toml -q --extra embedded --group dev $(LOCK) -c requirements.lock -o requirements-dev.lock
	uv pip compile pyproject.toml -q --group acceptance $(LOCK) -c requirements-dev.lock -o requirements-acceptance.lock

LOCK := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header

clean:
	rm -rf .venv build dist .pytest_cache .ruff_cache .hypothesis

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv .venv

.venv/.demo: requirements.lock pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

.venv/.dev: requirements-dev.lock .venv/.demo
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	touch $@

.venv/.acceptance: requirements-acceptance.lock .venv/.dev
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-acceptance.lock
	touch $@
