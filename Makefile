# `make demo` and `make test` do all set-up from nothing.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
SERVERS := $(patsubst tests/servers/requirements/%.txt,.venv-servers/%/installed,$(wildcard tests/servers/requirements/*.txt))

.PHONY: demo test calendar servers system lint bench clean

$(VENV)/base: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) --constraint constraints.txt --editable .
	@touch $@

$(VENV)/dev: $(VENV)/base
	$(PIP) --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: $(VENV)/base ## plan and apply examples/quickstart on the embedded local-file target
	@rm -rf .demo && mkdir .demo && cp -R examples/quickstart .demo/quickstart
	@$(BIN)/python examples/demo.py $(BIN)/groupsync .demo/quickstart

# loadgroup: all tests of one server go to one worker, which starts it once; the largest groups begin first.
test: $(VENV)/dev servers ## all tests; pick some with ARGS="-k fmt", leave out real servers with ARGS="-m 'not servers'"
	$(BIN)/python -m pytest --numprocesses=auto --dist=loadgroup --quiet $(ARGS)

# ARGS: a file that `make test ARGS=--note-asking=FILE` wrote; `--all` runs them all on all of the days.
calendar: $(VENV)/dev ## the fast tests that ask the clock, on other days: a leap day, New Year, a day, a month, 400 days ahead
	$(BIN)/python -m tests.clock $(ARGS)

servers: $(SERVERS) system ## real servers for the tests, each in an environment of its own

system: ## PostgreSQL, Java and Chromium for the tests: installed as root and in CI, elsewhere it says what to install
	@$(PYTHON) tests/servers/system.py

.venv-servers/%/installed: tests/servers/requirements/%.txt
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/python -m pip --disable-pip-version-check install --quiet --requirement $<
	@cp $< $@

lint: $(VENV)/dev ## style, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/dev ## ratios against the floors of design §9
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) .venv-servers .demo build dist *.egg-info
