# `make run` makes the default study, `make paper` the paper's tables from released results, `make test` tests the
# project; all set up what they need.

PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready

.PHONY: run paper freeze test test-middle test-all lint setup clean
.DEFAULT_GOAL := run

setup: $(READY)

$(READY): envs/requirements.txt envs/requirements-dev.txt envs/constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "sparsetopo needs Python 3.11 or later; this is " + sys.version.split()[0] + " (choose another with: make PYTHON=python3.12)")'
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the pinned dependencies (several GB with torch; once) ..."
	$(VENV)/bin/python -m pip install --quiet -r envs/requirements-dev.txt -c envs/constraints.txt
	$(VENV)/bin/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $(READY)

run: setup
	@$(VENV)/bin/python workflow/run.py

paper: setup
	@$(VENV)/bin/python workflow/run.py config/published.yaml

freeze: setup
	@$(VENV)/bin/python workflow/freeze.py

test: setup
	$(VENV)/bin/python -m pytest -n 2 --dist loadfile -m "not middle and not slow"

test-middle: setup
	$(VENV)/bin/python -m pytest -n 2 --dist loadfile -m "middle and not slow"

test-all: setup
	$(VENV)/bin/python -m pytest -n 2 --dist loadfile

lint: setup
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-logo
	$(VENV)/bin/snakefmt --check Snakefile workflow/rules
	$(VENV)/bin/snakemake --lint

clean:
	rm -rf results/digits results/tiny results/published .snakemake
