# `make demo` and `make test` do all set-up from nothing.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet

.PHONY: demo test lint bench clean

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

test: $(VENV)/dev ## all tests; pick some with ARGS="-k fmt"
	$(BIN)/python -m pytest --numprocesses=auto --dist=worksteal --quiet $(ARGS)

lint: $(VENV)/dev ## style, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/dev ## ratios against the floors of design §9
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) .demo build dist *.egg-info
