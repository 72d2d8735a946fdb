# What CI runs is what a person runs. Needs nothing but Python 3.11 or newer; uses uv where it is installed.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
DEMO_HOME := .amends/demo
DEMO := AMENDS_HOME=$(DEMO_HOME) AMENDS_WORKSPACE=rules/airline $(BIN)/amends

MINUTES := 10

.DEFAULT_GOAL := help
.PHONY: help demo test torture goals check format bench reference lock clean

help: ## this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo 'amends needs Python 3.11 or newer: make PYTHON=python3.12 …' >&2; exit 2; }
	@echo 'Making the environment in .venv (about a minute, once) …'
	@if command -v uv >/dev/null 2>&1; then \
	  uv venv --quiet --allow-existing --python $(PYTHON) .venv \
	  && uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock \
	  && uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e . ; \
	else \
	  $(PYTHON) -m venv .venv \
	  && $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock \
	  && $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . ; \
	fi
	@touch $@

demo: $(READY) ## three days of an airline: apologies, vouchers, Slack cards, cases, as previews
	@rm -rf $(DEMO_HOME)/outbox $(DEMO_HOME)/amends.db*
	@$(DEMO) check
	@$(DEMO) import rules/airline/data/passengers.csv --as customers --source loyalty
	@$(DEMO) import rules/airline/data/flights.csv --as flight --source timetable
	@$(DEMO) run rules/airline/data/events.jsonl
	@echo 'Look at the messages: $(DEMO_HOME)/outbox/index.html'
	@echo 'Look at the flow runs: AMENDS_HOME=$(DEMO_HOME) $(BIN)/amends prefect'

test: $(READY) ## every test this machine can run, in parallel
	@$(BIN)/pytest -n 2 --dist loadgroup

torture: $(READY) ## MINUTES=10 of random kills on each database, judged; figures go into docs/reliability.md
	@$(BIN)/python -m tests.torture.run --minutes $(MINUTES)

goals: $(READY) ## every other goal of delivery, measured (40 minutes: Prefect is away for 30); figures go into docs/reliability.md
	@$(BIN)/python -m tests.torture.goals

check: $(READY) ## format, lint, types, layers, workspaces, the built wheel
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/amends check rules/starter rules/airline rules/retail rules/telecom
	@$(BIN)/amends fmt --check rules/starter rules/airline rules/retail rules/telecom
	@for pack in starter airline retail telecom; do $(BIN)/amends test -w rules/$$pack || exit 1; done
	@.ci/try-wheel

format: $(READY) ## write the code the way check wants it
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

bench: $(READY) ## benchmarks: figures as ratios in one run
	@$(BIN)/python bench/run.py

reference: $(READY) ## write docs/reference.md and docs/findings.md from the tables in the code
	@$(BIN)/python -m amends.reference docs

lock: ## write requirements.lock anew
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --group dev --extra cluster pyproject.toml -o requirements.lock

clean: ## remove what was made here, the environment included
	rm -rf .venv .amends .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
