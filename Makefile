# `make run` makes the default study, `make paper` the paper's tables from released results, `make test` tests the
# project; all set up what they need.

PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
# Snakemake starts jobs by the path of Python without quotes (workflow/sparsetopo/runtime/machine.py).
PLACE := $(if $(filter /%,$(VENV)),$(VENV),$(CURDIR)/$(VENV))

.PHONY: run paper status freeze test test-middle test-all docs rulegraph packages lint lock setup clean
.DEFAULT_GOAL := run

setup: $(READY)

$(READY): envs/lock.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "sparsetopo needs Python 3.11 or later; this is " + sys.version.split()[0] + " (choose another with: make PYTHON=python3.12)")'
	@case '$(PLACE)' in *[[:space:]]*) echo 'Snakemake cannot start jobs by a path with a space in it: $(PLACE); choose another folder, as in: make run VENV=/path/to/venv'; exit 1;; esac
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the pinned dependencies (several GB with torch; once) ..."
	$(VENV)/bin/python -m pip install --quiet --require-hashes -r envs/lock.txt
	$(VENV)/bin/python -m pip install --quiet --no-deps --no-build-isolation -e .
	$(VENV)/bin/python workflow/compile_loops.py
	@touch $(READY)

run: setup
	@$(VENV)/bin/python workflow/run.py

# make status STUDY=tiny, or CONFIG=my.yaml; by itself: the default study.
status:
	@test -x $(VENV)/bin/python || { echo "Nothing was run yet: make run sets up what it needs, and runs the default study."; exit 1; }
	@$(VENV)/bin/python workflow/status.py $(if $(CONFIG),--configfile '$(CONFIG)') $(STUDY)

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

# The site of the documentation, in docs/_build; a warning is an error. No network is needed. The scripts in examples/
# are run for it, two to three minutes, and again when they, the library or the pins change.
docs: setup
	$(VENV)/bin/python -m sphinx --quiet --fail-on-warning --keep-going -c docs/site . docs/_build
	@echo "Open docs/_build/index.html in a browser."

# The picture of the rules in README.
rulegraph: setup
	@$(VENV)/bin/python docs/figures/draw_rule_graph.py

# The sdist, and of it the wheel, in dist/; both are looked at, installed and used (tests/packages).
packages: setup
	rm -rf dist
	$(VENV)/bin/python -c 'from setuptools.build_meta import build_sdist; build_sdist("dist")' >/dev/null
	$(VENV)/bin/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist dist/*.tar.gz
	$(VENV)/bin/python -m pytest tests/packages

lint: setup
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-logo
	$(VENV)/bin/snakefmt --check Snakefile workflow/Snakefile workflow/rules
	$(VENV)/bin/snakemake --lint

# After an edit of the pins in envs/. uv is of no further use here, so it is not among the tools: pip install uv.
UV ?= uv
lock:
	@{ echo '# What `make setup` installs: every package of requirements-dev.txt and constraints.txt with the hashes of its files'; \
	echo '# on PyPI, for Linux and macOS, Python 3.11 to 3.14. Made by `make lock`; not edited by hand.'; \
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --constraints envs/constraints.txt envs/requirements-dev.txt; } >envs/.lock.txt
	@mv envs/.lock.txt envs/lock.txt

clean:
	rm -rf results/digits results/tiny results/published .snakemake docs/_build docs/.executed docs/site/generated
